package cloud

import (
	"context"
	"time"

	"golang.org/x/time/rate"
)

// bucket is one of AWS's token buckets as Pace keeps it.
type bucket struct {
	tokens  *rate.Limiter // urgent calls take ahead of time, and may leave it below zero
	reserve float64       // what others leave
	turn    chan struct{} // held by the first of the others that wait
}

func newBucket(l limit) *bucket {
	burst := int(l.burst * share)
	return &bucket{
		tokens: rate.NewLimiter(rate.Limit(l.refill*share), burst), reserve: float64(burst) * reserved, turn: make(chan struct{}, 1),
	}
}

// take takes a token, when its turn has come, and says how long that took. An error means that none was taken.
func (b *bucket) take(ctx context.Context, urgent bool) (time.Duration, error) {
	began := time.Now()
	if urgent {
		r := b.tokens.ReserveN(began, 1)
		err := pause(ctx, r.DelayFrom(began))
		if err != nil {
			r.Cancel()
		}
		return time.Since(began), err
	}
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return time.Since(began), ctx.Err()
	}
	for {
		now := time.Now()
		lack := b.reserve + 1 - b.tokens.TokensAt(now)
		if lack <= 0 && b.tokens.AllowN(now, 1) {
			return now.Sub(began), nil
		}
		wait := time.Duration(max(lack, 0) / float64(b.tokens.Limit()) * float64(time.Second))
		if err := pause(ctx, wait+time.Millisecond); err != nil {
			return time.Since(began), err
		}
	}
}

// drain lets the calls that are not urgent wait, because AWS's bucket is emptier than this one.
func (b *bucket) drain() {
	now := time.Now()
	if over := int(b.tokens.TokensAt(now) - b.reserve); over > 0 {
		b.tokens.AllowN(now, over)
	}
}

// pause sleeps, or fails at once where ctx's deadline does not leave the time.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d {
		return context.DeadlineExceeded
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
