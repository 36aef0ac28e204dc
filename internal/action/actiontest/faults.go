package actiontest

import (
	"fmt"

	"github.com/aws/smithy-go"

	"cordon/internal/awssim"
)

// injector decides what goes wrong with the n-th call.
type injector func(n int, c awssim.Call) awssim.Fault

// fault is a way in which one call can fail.
type fault struct {
	name   string
	hidden bool // the SDK's retry hides it, so there is nothing for us to retry
	make   func(c awssim.Call) awssim.Fault
}

// faults are: refused without effect; done, but the answer is an error that nobody retries; done, but the answer is an
// error that the SDK retries, so that the call takes effect twice.
func faults() []fault {
	return []fault{
		{"denied", false, func(c awssim.Call) awssim.Fault { return awssim.Fault{Before: awssim.Denied(c)} }},
		{"answer lost", false, func(awssim.Call) awssim.Fault {
			return awssim.Fault{After: &smithy.GenericAPIError{Code: "AnswerLost", Message: "the answer was lost", Fault: smithy.FaultUnknown}}
		}},
		{"answer lost and retried", true, func(c awssim.Call) awssim.Fault { return awssim.Fault{After: awssim.Broken(c)} }},
	}
}

// at lets the n-th call fail, and no other.
func (f fault) at(n int) injector {
	return func(i int, c awssim.Call) awssim.Fault {
		if i != n {
			return awssim.Fault{}
		}
		return f.make(c)
	}
}

func ordinal(n int) string { return fmt.Sprintf("call %d", n) }
