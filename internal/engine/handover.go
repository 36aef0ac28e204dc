package engine

import (
	"context"
	"time"

	"cordon/internal/casefile"
)

// A run is long because of its evidence. Whoever waits for the case for something better, a release or the containment for
// a newer finding, says so in it: the run then begins nothing more that is not containment, and gives the case over. Its
// evidence goes on with the next run; so does a channel that it has open, where that run is for a newer finding.

// wantedFor is how long a word that somebody waits counts. Who waits says it again; who went away is forgotten.
const wantedFor = time.Minute

// wantedAgain is how often who waits says so again.
const wantedAgain = wantedFor / 4

// Wanted says whether somebody waits for the run at work to give the case over.
func Wanted(c casefile.Case) bool { return time.Since(c.Wanted) < wantedFor }

// want says that a release waits for the case.
func (e *Engine) want(ctx context.Context, caseID string) error {
	return e.wanted(ctx, caseID, "a release waits", nil)
}

// wantForNews says that a run waits, where it waits for more than the end of the evidence.
func (e *Engine) wantForNews(ctx context.Context, caseID string) error {
	return e.wanted(ctx, caseID, "a newer finding waits", casefile.Case.Unseen)
}

func (e *Engine) wanted(ctx context.Context, caseID, text string, when func(casefile.Case) bool) error {
	_, err := e.o.Store.Update(ctx, caseID, func(c *casefile.Case) ([]casefile.Entry, error) {
		if time.Since(c.Wanted) < wantedAgain || when != nil && !when(*c) {
			return nil, nil
		}
		var entries []casefile.Entry
		if !Wanted(*c) {
			entries = []casefile.Entry{{By: e.o.Owner, Event: "handover", Text: text + " for the run to end"}}
		}
		c.Wanted = time.Now().UTC()
		return entries, nil
	})
	return err
}
