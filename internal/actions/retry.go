package actions

import (
	"context"
	"fmt"
	"time"

	"cordon/internal/cloud"
)

// wrap names the verb and the object of an error; nil stays nil.
func wrap(verb, object string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", verb, object, err)
}

// unless is err, or nil where AWS answered one of the codes: what was asked for is so already.
func unless(err error, codes ...string) error {
	if cloud.Is(err, codes...) {
		return nil
	}
	return err
}

// eventually repeats f while AWS answers one of the codes because it has not noticed yet what was done just before
// (default: a group that was just made). At most about 6 s. Other errors are the SDK's to retry.
func eventually(ctx context.Context, f func() error, codes ...string) error {
	if len(codes) == 0 {
		codes = []string{"InvalidGroup.NotFound"}
	}
	return repeat(ctx, f, 6, func(err error) bool { return cloud.Is(err, codes...) })
}

// patiently repeats f past the SDK's own retries as long as the error is a passing one and ctx lasts.
func patiently(ctx context.Context, f func() error) error { return repeat(ctx, f, 8, cloud.Temporary) }

func repeat(ctx context.Context, f func() error, times int, again func(error) bool) error {
	wait := 100 * time.Millisecond
	for {
		err := f()
		if times--; err == nil || times == 0 || !again(err) {
			return err
		}
		select {
		case <-time.After(wait):
			wait *= 2
		case <-ctx.Done():
			return err
		}
	}
}
