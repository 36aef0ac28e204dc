package serve

import (
	"context"

	"cordon/internal/casefile"
	"cordon/internal/engine"
	"cordon/internal/finding"
)

// questions ends those whose time is over, and has contained what is due then: by the pool, as everything that is contained.
func (s *Service) questions(ctx, aside context.Context) {
	due, err := s.engine.Lapse(aside)
	s.said(aside, "questions", err)
	for _, id := range due {
		if s.inHand.has(id) {
			continue
		}
		c, err := s.store.Case(aside, id)
		if err != nil {
			s.said(aside, "questions", err)
			continue
		}
		if s.pool.awaitIdle(ctx) == 0 {
			return // stopping: it is due at the next start, too
		}
		s.pool.add(1)
		if begun := s.jobs.begin(func() { s.carryOut(c) }); !begun {
			s.pool.release(1)
			return
		}
	}
}

// carryOut contains the target of one case, for which a place was reserved.
func (s *Service) carryOut(c casefile.Case) {
	defer s.inHand.take([]casefile.Case{c})()
	ctx, end := s.o.Telemetry.Span(s.work, "question", Label{"case", c.ID})
	var r engine.Result
	err := s.pool.do(ctx, []finding.Target{c.Target}, func(ctx context.Context) { r = s.engine.CarryOut(ctx, c.ID) })
	if err == nil {
		err = s.outcome(c, r)
	}
	end(err)
}
