package lambda

// AWS Lambda reports an error by the name of its type; the state machine catches and retries by that name.

// Pending says that the work is not finished: the same task again, later (asl.ErrorPending).
type Pending struct{ Reason string }

func (e *Pending) Error() string { return e.Reason }

// Busy says that another run answers the case (asl.ErrorBusy).
type Busy struct{ Reason string }

func (e *Busy) Error() string { return e.Reason }

// Asks says that a person has to say yes first: nothing was changed (asl.ErrorAsks).
type Asks struct{ Reason string }

func (e *Asks) Error() string { return e.Reason }

// Settled says that nobody is asked (any more), so that there is nothing to wait for (asl.ErrorSettled).
type Settled struct{ Reason string }

func (e *Settled) Error() string { return e.Reason }

// Unusable is an invocation that no retry makes better.
type Unusable struct{ Reason string }

func (e *Unusable) Error() string { return e.Reason }

// Unfinished says that a finding was not answered to its end; answering it again goes on.
type Unfinished struct{ Reason string }

func (e *Unfinished) Error() string { return e.Reason }

// Failed is a fault of the surroundings: the store, the vault, the credentials. What was done is in the case.
type Failed struct{ Reason string }

func (e *Failed) Error() string { return e.Reason }
