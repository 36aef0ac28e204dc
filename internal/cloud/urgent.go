package cloud

import "context"

type urgentKey struct{}

// Urgent marks what is done with ctx as containment, or as taking one back: Pace lets such calls go first, and Retries
// repeats them for longer. Whatever a context is made of, the mark stays.
func Urgent(ctx context.Context) context.Context {
	if IsUrgent(ctx) {
		return ctx
	}
	return context.WithValue(ctx, urgentKey{}, true)
}

// IsUrgent says whether ctx, or what it was made of, went through Urgent.
func IsUrgent(ctx context.Context) bool {
	urgent, _ := ctx.Value(urgentKey{}).(bool)
	return urgent
}
