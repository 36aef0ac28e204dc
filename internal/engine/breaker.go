package engine

import (
	"context"
	"fmt"
	"time"

	"cordon/internal/blast"
	"cordon/internal/casefile"
)

// The circuit breaker: past policy.limits every containment waits for a person, and people are told so once. What is counted
// is counted by the store in one step, so that workers of any number of processes hold the number exactly.

// Concerns of the breaker, beside those of the blast radius.
const (
	concernLimit       blast.Kind = "limit"
	concernApplication blast.Kind = "application"
)

// admit counts the run's containment in every scope that has a limit, or in none and says why a person has to be asked.
// Counting a case again within the window counts nothing.
func (r *run) admit(ctx context.Context) []blast.Concern {
	limits, concerns := r.limits(ctx)
	if len(concerns) > 0 || len(limits) == 0 {
		return concerns
	}
	full, err := r.e.o.Store.Admit(ctx, r.caseID, limits, time.Now())
	if err != nil { // nobody knows how many there were
		return []blast.Concern{{Kind: concernLimit, Ask: true, Text: "the containments so far could not be counted: " + err.Error()}}
	}
	if full == nil {
		return nil
	}
	return []blast.Concern{{Kind: concernLimit, Ask: true, Text: fmt.Sprintf(
		"limit reached: %d containments in %s (%s); until there is room again each one needs a yes", full.Max, full.Window, full.Scope,
	)}}
}

// limits are those that count for the run's target.
func (r *run) limits(ctx context.Context) (limits []casefile.Limit, concerns []blast.Concern) {
	l := r.e.o.Config.Policy.Limits
	window := time.Duration(l.Window)
	add := func(scope string, most *int) {
		if most != nil {
			limits = append(limits, casefile.Limit{Scope: scope, Max: *most, Window: window})
		}
	}
	add("total", l.Total)
	add("account:"+r.c.Target.Account, l.Account)
	if l.Application == nil {
		return limits, nil
	}
	facts := r.e.facts(ctx, r.env.Clients, r.c.Target)
	if facts.TagsUnknown != "" {
		return nil, []blast.Concern{{Kind: concernApplication, Ask: true, Text: "the tag " + l.ApplicationTag + " could not be read: " + facts.TagsUnknown}}
	}
	if app := facts.Tags[l.ApplicationTag]; app != "" {
		add("application:"+app, l.Application)
	}
	return limits, nil
}

// quiet says whether people need not be told of a question alone: it is the breaker's, of which they were told within its
// window for another case.
func (e *Engine) quiet(ctx context.Context, caseID string, concerns []blast.Concern) bool {
	for _, c := range concerns {
		if c.Ask && c.Kind != concernLimit {
			return false
		}
	}
	once := casefile.Limit{Scope: "notice:limit", Max: 1, Window: time.Duration(e.o.Config.Policy.Limits.Window)}
	told, err := e.o.Store.Admit(ctx, caseID, []casefile.Limit{once}, time.Now())
	return err == nil && told != nil
}
