package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/vault"
)

// VerifiedCase is what Verify found of one case among all; Err: it could not be verified.
type VerifiedCase struct {
	Verification

	Err error
}

// verifyAtOnce is how many cases are verified at once: each reads eight states at once itself.
const verifyAtOnce = 4

// VerifyAll verifies every open case that contains something, or should, a few at once. Results come in the order of the
// store: the newest case first.
func (e *Engine) VerifyAll(ctx context.Context) ([]VerifiedCase, error) {
	cases, err := e.o.Store.Cases(ctx, casefile.Filter{Statuses: []casefile.Status{
		casefile.Open, casefile.Contained, casefile.Partial, casefile.Failed, casefile.Observed, casefile.Unsupported, casefile.AwaitingApproval,
	}})
	if err != nil {
		return nil, fmt.Errorf("list open cases: %w", err)
	}
	out := make([]*VerifiedCase, len(cases))
	var g errgroup.Group
	g.SetLimit(verifyAtOnce)
	for i, c := range cases {
		g.Go(func() error {
			holds, err := e.containsSomething(ctx, c)
			if err == nil && !holds {
				return nil
			}
			v := Verification{Case: c, Checked: []string{}, Drift: []Drift{}, Problems: []vault.Problem{}}
			if err == nil {
				v, err = e.Verify(ctx, c.ID)
			}
			out[i] = &VerifiedCase{v, err}
			return nil
		})
	}
	_ = g.Wait() // none gives an error: it is the case's
	all := []VerifiedCase{}
	for _, v := range out {
		if v != nil && !errors.Is(v.Err, casefile.ErrNotFound) {
			all = append(all, *v)
		}
	}
	return all, nil
}

// containsSomething says whether a case holds a change, or was to.
func (e *Engine) containsSomething(ctx context.Context, c casefile.Case) (bool, error) {
	switch c.Status {
	case casefile.Open, casefile.Contained, casefile.Partial, casefile.Failed:
		return true, nil
	default:
	}
	records, err := e.o.Store.Records(ctx, c.ID)
	if err != nil {
		return false, fmt.Errorf("read records of case %s: %w", c.ID, err)
	}
	return slices.ContainsFunc(records, func(r action.Record) bool { return r.Open() && !isNotice(r) }), nil
}
