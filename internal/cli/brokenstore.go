package cli

import (
	"context"
	"errors"
	"fmt"

	"cordon/internal/casefile"
)

func broken(err error) bool {
	var spoilt *casefile.BrokenError
	return errors.As(err, &spoilt)
}

// readableCase says whether what the store has about a case can be read, before anything is changed on the strength of it.
func readableCase(ctx context.Context, store casefile.Store, id string) error {
	if _, err := current(ctx, store, id); broken(err) {
		return fmt.Errorf("%w. Nothing was changed", err)
	}
	return nil
}

// midway is the error of a verb whose store broke while it was at work.
func midway(err error) error {
	if !broken(err) {
		return err
	}
	const next = "what was done before that stands, and is in the case; run the same command again when the store works"
	return &exitError{code: exitFailed, err: fmt.Errorf("%w\n%s", err, next)}
}
