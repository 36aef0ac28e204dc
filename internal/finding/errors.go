package finding

import (
	"errors"
	"fmt"
)

// NotFindingError says why a document, or one of several, is no usable finding. Everything that
// [Decode] reports is one of these, but for an error of the reader itself.
type NotFindingError struct {
	// Reason is what is wrong. Text taken from the input is quoted.
	Reason string
	// Hint is what the user can do about it; may be empty.
	Hint string
	// Index is the place of the document in the input, from 0; -1 when it is the whole input.
	Index int
}

func (e *NotFindingError) Error() string {
	msg := e.Reason
	if e.Index >= 0 {
		msg = fmt.Sprintf("document %d: %s", e.Index, e.Reason)
	}
	if e.Hint != "" {
		msg += " (" + e.Hint + ")"
	}
	return msg
}

// Problems lists the NotFindingErrors in an error of [Decode], in the order of the input.
func Problems(err error) []*NotFindingError {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*NotFindingError
		for _, e := range many.Unwrap() {
			all = append(all, Problems(e)...)
		}
		return all
	}
	var one *NotFindingError
	if errors.As(err, &one) {
		return []*NotFindingError{one}
	}
	return nil
}

// reject is a NotFindingError without its place, which [Decode] fills in.
func reject(hint, format string, args ...any) *NotFindingError {
	return &NotFindingError{Reason: fmt.Sprintf(format, args...), Hint: hint}
}
