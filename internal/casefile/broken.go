package casefile

// BrokenError says that a store does not work as it is: its file is damaged or cannot be written, the disk is full, another
// process holds it. What a call with this error was to change is not changed, not by half either.
type BrokenError struct {
	Store string // what the user calls it: a path
	Hint  string // what to do
	Err   error
}

func (e *BrokenError) Error() string {
	return "store " + e.Store + ": " + e.Err.Error() + " (" + e.Hint + ")"
}
func (e *BrokenError) Unwrap() error { return e.Err }
