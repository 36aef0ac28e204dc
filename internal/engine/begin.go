package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/finding"
)

// start is what a run begins with: its case as it is under the lease, the case's findings and its records.
type start struct {
	c        casefile.Case
	settled  bool // the run before this one had gone to its end
	over     bool // nothing is left to do
	findings []finding.Finding
	records  map[string]action.Record // by action; nil: not read
	free     func()                   // gives the lease back; set where there is no error
}

// begin takes the lease and reads what a run has to know in as few round trips as there can be: none for a case's first run;
// else the lease, then side by side the case (read and written), its documents and its records.
func (e *Engine) begin(ctx context.Context, o opened, f finding.Finding) (context.Context, start, error) {
	s := start{c: o.c}
	if o.first != nil {
		ctx, s.free = e.keepFirst(ctx, o.c.ID, o.first)
		s.findings = findingsOf(o.c, map[string]json.RawMessage{f.ID: f.Raw})
		s.records = map[string]action.Record{}
		return ctx, s, nil
	}
	ctx, free, waited, err := e.lease(ctx, o.c, e.wantForNews)
	if err != nil {
		return ctx, s, err
	}
	err = e.beginAgain(ctx, &s, func(c casefile.Case) error {
		switch {
		case c.Status == casefile.Released, o.still != nil && !o.still(c):
			return errReleased
		case o.still == nil && (answered(c) && (waited || !e.o.Recheck) || waited && attended(c)):
			return errOver
		default:
			return nil
		}
	})
	if s.over = errors.Is(err, errOver); err != nil && !s.over {
		free()
		return ctx, s, err
	}
	s.free = free
	return ctx, s, nil
}

// errOver says that nothing is left to do in a case.
var errOver = errors.New("the findings of the case are answered")

func (e *Engine) beginAgain(ctx context.Context, s *start, may func(casefile.Case) error) error {
	var g errgroup.Group
	id := s.c.ID
	g.Go(func() (err error) {
		s.c, s.settled, err = e.unsettle(ctx, s.c, may)
		return err
	})
	var documents map[string]json.RawMessage
	var unread error
	g.Go(func() error {
		documents, unread = e.o.Store.Documents(ctx, id)
		return nil
	})
	g.Go(func() error {
		if records, err := e.o.Store.Records(ctx, id); err == nil { // else each is read when it is needed
			s.records = map[string]action.Record{}
			for _, r := range records {
				s.records[r.Action] = r
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return err
	}
	if unread != nil {
		return fmt.Errorf("read findings of case %s: %w", id, unread)
	}
	if s.findings = findingsOf(s.c, documents); whole(s.c, s.findings) {
		return nil
	}
	var err error // one joined the case since its documents were read
	s.findings, err = e.findings(ctx, s.c)
	return err
}

// whole says whether every finding of the case is among those decoded, as late as the case has it.
func whole(c casefile.Case, findings []finding.Finding) bool {
	if len(findings) != len(c.Findings) {
		return false
	}
	for i, known := range c.Findings {
		if findings[i].Count < known.Count {
			return false
		}
	}
	return true
}

// unsettle says that a run is at work on the case, until it has gone to its end. Where may has an error nothing is written,
// and the case is as it was read. settled is what it was before.
func (e *Engine) unsettle(ctx context.Context, was casefile.Case, may func(casefile.Case) error) (now casefile.Case, settled bool, err error) {
	read, held := was, error(nil)
	now, err = e.o.Store.Update(ctx, was.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
		read, settled = *c, c.Settled
		if held = may(*c); held != nil {
			return nil, held
		}
		c.Settled, c.Wanted, c.Looking = false, time.Time{}, c.OpenFindings()
		return nil, nil
	})
	switch {
	case held != nil:
		now, err = read, held
	case err != nil:
		return was, false, storeError(err)
	}
	now.News = was.News
	return now, settled, err
}
