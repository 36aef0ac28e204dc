package serve

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"cordon/internal/casefile"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/finding"
)

// How often the service looks after what is there already.
const (
	noticesEvery = time.Minute
	backlogEvery = 2 * time.Minute
	backlogSoon  = 3 * time.Second  // where a process that died has left its leases, which run out
	leaseTime    = 40 * time.Second // by when they have
	backlogMost  = time.Hour        // between two attempts at one case
	watchAtOnce  = 4
)

// try is what was tried with a case of the backlog.
type try struct {
	n    int
	next time.Time
}

// goOn goes on with what earlier runs, of any process, have left: at the start, and again and again.
func (s *Service) goOn(ctx context.Context) {
	tries, cut := map[string]try{}, map[string]bool{}
	began := time.Now()
	for s.backlog(ctx, tries, cut) > 0 && time.Since(began) < leaseTime {
		sleep(ctx, backlogSoon)
	}
	sleep(ctx, backlogEvery)
	every(ctx, backlogEvery, func() { s.backlog(ctx, tries, cut) })
}

// backlog has unfinished cases gone on with, while there are idle workers: what is new goes before what is old. atWork is how
// many others have, or had when they died.
func (s *Service) backlog(ctx context.Context, tries map[string]try, cut map[string]bool) (atWork int) {
	b, err := s.engine.Backlog(ctx)
	if s.said(ctx, "backlog", err); err == nil {
		s.o.Telemetry.Gauge(CutReleases, float64(len(b.Releases)))
	}
	if err == nil {
		forget(cut, b.Releases, func(string) bool { return false })
		forget(tries, b.Cases, s.inHand.has) // what came to its end meanwhile and is back begins anew
	}
	for _, c := range b.Releases {
		if !cut[c.ID] {
			cut[c.ID] = true
			s.o.Log.Warn("a release was begun and not gone through with: run cordon release "+c.ID+" again, with the options that you want",
				"case", c.ID, "target", c.Target.String())
		}
	}
	for _, c := range b.Cases {
		if t := tries[c.ID]; s.inHand.has(c.ID) || time.Now().Before(t.next) {
			continue
		}
		if s.pool.awaitIdle(ctx) == 0 {
			return 0
		}
		n := tries[c.ID].n
		tries[c.ID] = try{n + 1, time.Now().Add(min(backlogEvery<<min(n, 10), backlogMost))}
		s.pool.add(1)
		if begun := s.jobs.begin(func() { s.resume(c) }); !begun {
			s.pool.release(1)
			return 0
		}
	}
	return b.AtWork
}

// forget drops what is neither among the cases nor to be kept.
func forget[V any](m map[string]V, cases []casefile.Case, kept func(id string) bool) {
	maps.DeleteFunc(m, func(id string, _ V) bool {
		return !kept(id) && !slices.ContainsFunc(cases, func(c casefile.Case) bool { return c.ID == id })
	})
}

// resume goes on with one case, for which a place was reserved.
func (s *Service) resume(c casefile.Case) {
	defer s.inHand.take([]casefile.Case{c})()
	ctx, end := s.o.Telemetry.Span(s.work, "resume", Label{"case", c.ID})
	var r engine.Result
	err := s.pool.do(ctx, []finding.Target{c.Target}, func(ctx context.Context) {
		s.o.Log.Info("going on with an unfinished case", "case", c.ID, "target", c.Target.String(), "status", string(c.Status))
		s.o.Telemetry.Count(Resumed, 1)
		r = s.engine.Resume(ctx, c.ID)
	})
	if err == nil {
		err = s.outcome(c, r)
	}
	end(err)
}

// watch looks at contained targets again and again, each time a little earlier or later.
func (s *Service) watch(ctx, aside context.Context) {
	interval := time.Duration(s.o.Config.Watch.Every)
	sleep(ctx, rand.N(min(interval, 30*time.Second)))
	for ctx.Err() == nil {
		s.round(ctx, aside)
		sleep(ctx, interval-interval/10+rand.N(interval/5+1))
	}
}

// round looks at every contained target once, a few at a time.
func (s *Service) round(ctx, aside context.Context) {
	cases, err := s.engine.Watchable(ctx)
	if err != nil {
		s.said(ctx, "watch", err)
		return
	}
	var g errgroup.Group
	g.SetLimit(watchAtOnce)
	for _, c := range cases {
		g.Go(func() error {
			if ctx.Err() == nil && !s.inHand.has(c.ID) {
				s.look(aside, c)
			}
			return nil
		})
	}
	_ = g.Wait() // none gives an error
}

// look looks at one contained target.
func (s *Service) look(ctx context.Context, c casefile.Case) {
	w, err := s.engine.Watch(ctx, c.ID, s.o.Config.Watch.Drift == config.DriftReassert)
	if err != nil {
		s.said(ctx, "watch", err)
	}
	outcome := func(what string) { s.o.Telemetry.Count(Drifts, 1, Label{"outcome", what}) }
	switch {
	case w.PutBack:
		outcome("put-back")
		s.o.Log.Warn("containment had drifted and was put back", "case", c.ID, "target", c.Target.String())
	case w.New:
		outcome("alerted")
		s.o.Log.Error("containment has drifted", "case", c.ID, "target", c.Target.String(), "drift", texts(w.Drift))
	case len(w.Unread) > 0:
		outcome("unread")
		s.o.Log.Warn("containment could not be read back", "case", c.ID, "target", c.Target.String(), "drift", texts(w.Unread))
	}
}

// texts is drift in one text, which the log escapes as one.
func texts(drift []engine.Drift) string {
	var out []string
	for _, d := range drift {
		out = append(out, d.Action+": "+d.Text)
	}
	return strings.Join(out, "; ")
}
