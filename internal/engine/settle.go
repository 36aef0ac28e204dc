package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/playbook"
)

// settle reads the records and gives the case its status. Before the end of the run (final is false) it only says
// whether the target is contained by now.
func (r *run) settle(ctx context.Context, final bool) {
	if r.stopped() || r.pre.permit(context.WithoutCancel(ctx)) != nil {
		return // nothing was to be changed, so nothing is said of the case
	}
	if !final {
		defer r.e.contained(ctx, r.c.Target)
	}
	interrupted := ctx.Err() != nil
	ctx = context.WithoutCancel(ctx) // what was done is said, also when the caller has gone away
	records, err := r.e.o.Store.Records(ctx, r.caseID)
	if err != nil {
		r.fail(fmt.Errorf("settle case %s: %w", r.caseID, err))
		return
	}
	contained := !final
	final = final && !r.wanted(ctx) // then steps were left out on purpose
	if final && slices.ContainsFunc(records, func(rec action.Record) bool { return rec.Status == action.Failed }) {
		r.fail(r.e.evidence(r.c).catchUp(ctx)) // what failed may have left a piece in the vault
	}
	broken := r.failed()
	v := judge(r.p, r.e.actions, records, r.c.LetGo, final)
	c, changed, err := r.e.setStatus(ctx, r.caseID, r.pre.by(r.e.o.Owner), v.status, v.reason, nil, func(c *casefile.Case) {
		c.Playbook = r.p.Name
		c.Residual, c.Settled, c.Releasing, c.ReleasingOnly = v.residual, v.settled && !interrupted && !broken, false, nil
		if contained && !broken {
			c.Answered(r.c.Looking...)
		}
		if since := r.since(*c); v.status != casefile.Failed && c.ContainedAfter == 0 && v.acted.After(since) {
			c.ContainedAfter = v.acted.Sub(since)
		}
	})
	r.fail(err)
	if changed || final { // what was sent is in its record, and not sent again
		r.notices.send(ctx, c, statusKey(c), noticeOf(c, r.f, records))
	}
}

// since is when the finding that the run is for came in first: another process may have died over it, or people were asked.
func (r *run) since(c casefile.Case) time.Time {
	for _, f := range c.Findings {
		if r.f != nil && f.ID == r.f.ID && !f.Received.IsZero() && f.Received.Before(r.received) {
			return f.Received
		}
	}
	return r.received
}

// verdict is what the records say of a case.
type verdict struct {
	status   casefile.Status
	reason   string
	residual []string
	acted    time.Time // the last containing change
	settled  bool      // the run is over and nothing is left to wait for
}

// judge reads the records of a playbook's steps. Without every essential step done nothing counts as contained. What a person
// has let go (a release of single actions) is not missing, but nothing is whole without it.
func judge(p playbook.Playbook, actions map[string]action.Action, records []action.Record, letGo []string, final bool) verdict {
	byAction := map[string]action.Record{}
	for _, rec := range records {
		byAction[rec.Action] = rec
	}
	v := verdict{status: casefile.Contained, residual: []string{}, settled: final}
	var missing, failed, lost, waiting, later []string
	moot, cannot, open := "", "", ""
	for _, s := range playbook.Steps(p.Root) {
		if s.Action == playbook.Settle {
			continue
		}
		rec, begun := byAction[s.Action]
		if slices.Contains(letGo, s.Action) {
			if s.Essential {
				open = s.Action + " was put back by a person"
				v.residual = append(v.residual, open)
			}
			continue
		}
		if !begun && !final && !s.Essential {
			if s.UntilDone {
				later = append(later, s.Residual)
			}
			continue
		}
		a := actions[s.Action]
		until := byAction[a.Until] // what takes over from it
		switch {
		case rec.Status == action.Done && s.Essential && brokenOff(until):
			missing = append(missing, until.Action+": "+why(until))
		case rec.Status == action.Done:
			v.residual = append(v.residual, rec.Remains...)
			if until.Status != action.Done {
				more, err := action.Residual(a, rec)
				if err != nil {
					failed = append(failed, err.Error())
				}
				v.residual = append(v.residual, more...)
			}
			if s.Essential && rec.Acted.After(v.acted) {
				v.acted = rec.Acted
			}
		case begun && s.Essential && until.Status == action.Done: // what that one set was read back
			v.residual = append(v.residual, rec.Remains...)
			if until.Acted.After(v.acted) {
				v.acted = until.Acted
			}
		case s.Essential && rec.Status == action.Skipped && rec.Moot:
			moot = rec.Reason
		case s.Essential && rec.Status == action.Skipped:
			cannot = rec.Reason
		case s.Essential:
			missing = append(missing, s.Action+": "+why(rec))
		case rec.Status == action.Skipped:
			if s.SkipLeaves && (!rec.Moot || moot != "") { // moot by itself alone, the step is not needed
				v.residual = append(v.residual, s.Residual+" ("+rec.Reason+")")
			}
		case rec.Status == action.Waiting:
			waiting = append(waiting, s.Action+": "+rec.Reason)
		default:
			if s.Optional {
				lost = append(lost, s.Action+": "+why(rec))
			} else {
				failed = append(failed, s.Action+": "+why(rec))
			}
			if s.Residual != "" {
				v.residual = append(v.residual, s.Residual+" ("+s.Action+" "+why(rec)+")")
			}
		}
	}
	if moot == "" && cannot == "" {
		v.residual = append(v.residual, later...)
	}
	switch {
	case cannot != "":
		v.status, v.reason = casefile.Unsupported, "Cordon cannot contain this: "+cannot
	case moot != "" && len(missing) == 0:
		v.status, v.reason = casefile.Observed, "nothing to contain: "+moot
	case len(missing) > 0:
		v.status, v.reason = casefile.Failed, "NOT contained: "+strings.Join(append(missing, failed...), "; ")
	case open != "":
		v.status, v.reason = casefile.Partial, strings.Join(append([]string{"not contained any more: " + open}, failed...), "; ")
	case len(failed) > 0:
		v.status, v.reason = casefile.Partial, "contained, but "+strings.Join(failed, "; ")
	case len(waiting) > 0 && final:
		v.settled = false
		v.reason = "still waiting for " + strings.Join(waiting, "; ") + "; answer the finding again to go on"
	case len(lost) > 0 && final:
		v.reason = "contained, without " + strings.Join(lost, "; ")
	}
	return v
}

// brokenOff says whether an action that takes over what another one set was begun and is not done: then neither's state
// is known to stand.
func brokenOff(rec action.Record) bool { return rec.Open() && rec.Status != action.Done }

// why puts the state of a step that is not done into words.
func why(rec action.Record) string {
	switch {
	case rec.Error != "":
		return rec.Error
	case rec.Status == "":
		return "was not begun"
	case rec.Reason != "":
		return string(rec.Status) + ", " + rec.Reason
	default:
		return "was interrupted"
	}
}
