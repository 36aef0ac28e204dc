package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/cloud"
	"cordon/internal/finding"
	"cordon/internal/playbook"
)

// run is one walk over a playbook for one case.
type run struct {
	e        *Engine
	caseID   string
	c        casefile.Case // as it was when the run began; the store has the current one
	p        playbook.Playbook
	env      *action.Env
	ledger   *ledger
	pre      *preflight
	findings []finding.Finding // the case's, as they were when the run began
	f        *finding.Finding  // the one that brought the run about; nil for none
	received time.Time
	notices  *notices
	giveUp   time.Time // when to stop waiting for slow work; zero is never
	once     bool      // never wait: what is pending is left to the caller

	mu      sync.Mutex
	refused bool            // the preflight's no, or the blast radius's: nothing was begun
	asks    *NeedsApproval  // the blast radius's no
	broken  error           // the store failed on the way
	pending *action.Pending // with once: what to come back for
}

// timeToSettle is what a run keeps of its context's time to say what it did.
const timeToSettle = 20 * time.Second

func (e *Engine) newRun(
	ctx context.Context, c casefile.Case, p playbook.Playbook, findings []finding.Finding, f *finding.Finding, received time.Time,
	also ...func(context.Context) error,
) (*run, error) {
	env, err := e.env(ctx, c)
	if err != nil {
		return nil, err
	}
	r := &run{e: e, caseID: c.ID, c: c, p: p, env: env, findings: findings, f: f, received: received, notices: e.notices()}
	r.ledger = &ledger{Ledger: e.o.Store}
	if e.o.Wait > 0 {
		r.giveUp = received.Add(e.o.Wait)
	}
	if deadline, ok := ctx.Deadline(); ok && (r.giveUp.IsZero() || deadline.Add(-timeToSettle).Before(r.giveUp)) {
		r.giveUp = deadline.Add(-timeToSettle)
	}
	r.pre = e.startPreflight(cloud.Urgent(ctx), env.Clients, c.Target, also...)
	env.Permit = r.pre.permit
	return r, nil
}

// fold runs a node. It has no error: what fails is in the records, and nothing that fails stops anything else.
func (r *run) fold(ctx context.Context, n playbook.Node) { r.part(ctx, n, false) }

// part is fold; inline says that the node is within the containment.
func (r *run) part(ctx context.Context, n playbook.Node, inline bool) {
	switch n := n.(type) {
	case playbook.Step:
		r.step(ctx, n, inline)
	case playbook.Seq:
		for _, c := range n {
			r.part(ctx, c, inline)
		}
	case playbook.Par:
		var wg sync.WaitGroup
		for _, c := range n {
			wg.Go(func() { r.part(ctx, c, inline) })
		}
		wg.Wait()
	case playbook.Inline:
		ctx := cloud.Urgent(ctx)
		if inline {
			r.part(ctx, n.Node, true)
			return
		}
		free := r.e.containing.take()
		r.part(ctx, n.Node, true)
		free()
		r.settle(ctx, false)
	case playbook.Gate: // people are asked before a playbook is begun, so none has one
		r.fail(fmt.Errorf("gate %q: nobody is asked within a playbook", n.Ask))
	default:
		panic(fmt.Sprintf("engine: unknown node %T", n))
	}
}

func (r *run) step(ctx context.Context, s playbook.Step, inline bool) {
	if r.stopped() || slices.Contains(r.c.LetGo, s.Action) {
		return
	}
	if s.Action == playbook.Settle {
		r.settle(ctx, true)
		return
	}
	a, ok := r.e.actions[s.Action]
	if !ok {
		r.fail(fmt.Errorf("run %s: no such action", s.Action))
		return
	}
	if taken, err := r.takenOver(ctx, a); err != nil || taken {
		r.fail(err)
		return
	}
	if !inline && !s.Closes && r.wanted(ctx) {
		return
	}
	if s.Closes && r.takenUp(ctx) { // who waits goes on with what it closes, and closes it then
		return
	}
	if s.Closes { // what another step left open is cut off now
		ctx = cloud.Urgent(ctx)
	}
	req, err := action.NewRequest(action.On{Case: r.caseID, Target: r.c.Target}, s.With)
	if err != nil {
		r.fail(err)
		return
	}
	r.tell(s.Action, action.Doing, "")
	ctx, ended := r.e.step(ctx, r.caseID, s.Action)
	status := action.Waiting
	defer func() { ended(string(status)) }()
	for {
		rec, err := r.act(ctx, a, req, inline)
		var pending *action.Pending
		var refused *action.RefusedError
		switch {
		case errors.As(err, &pending):
			r.tell(s.Action, action.Waiting, pending.Reason)
			if !r.wait(ctx, pending) || !inline && r.wanted(ctx) {
				return
			}
		case errors.As(err, &refused):
			status = action.Skipped
			r.refuse(refused)
			return
		case err != nil:
			status = action.Failed
			r.fail(err)
			r.tell(s.Action, action.Failed, err.Error())
			return
		default:
			text := rec.Reason
			if rec.Status == action.Failed {
				text = rec.Error
			}
			status = rec.Status
			r.tell(s.Action, rec.Status, text)
			return
		}
	}
}

// act runs the action once. A step of the containment has its place already.
func (r *run) act(ctx context.Context, a action.Action, req action.Request, inline bool) (action.Record, error) {
	if !inline {
		defer r.e.collecting.take()()
	}
	env := r.env
	if r.takesOver(a.ID) {
		own := *r.env
		own.Touch = func(ctx context.Context) error {
			if r.env.Touch != nil {
				if err := r.env.Touch(ctx); err != nil {
					return err
				}
			}
			r.fail(r.sayTakingOver(ctx, a.ID))
			return nil
		}
		env = &own
	}
	return action.Run(ctx, r.ledger, env, a, r.caseID, req)
}

// takesOver says whether an action replaces what an essential step has set.
func (r *run) takesOver(id string) bool {
	return slices.ContainsFunc(playbook.Steps(r.p.Root), func(s playbook.Step) bool { return s.Essential && r.e.actions[s.Action].Until == id })
}

// sayTakingOver says in the case that what contains it is being replaced, until settle has read what came of it: a process that
// dies in the middle leaves no case that only says contained.
func (r *run) sayTakingOver(ctx context.Context, id string) error {
	path := id + " is replacing what contains the target, and nothing is known of that yet: if this stays, answer the finding again at once"
	_, err := r.e.o.Store.Update(ctx, r.caseID, func(c *casefile.Case) ([]casefile.Entry, error) {
		if !slices.Contains(c.Residual, path) {
			c.Residual = append(slices.Clone(c.Residual), path)
		}
		return nil, nil
	})
	if err != nil {
		return fmt.Errorf("say in case %s that %s has begun: %w", r.caseID, id, err)
	}
	return nil
}

// takenOver says whether another action of the case has begun to take over what this one set: running it again would undo that.
func (r *run) takenOver(ctx context.Context, a action.Action) (bool, error) {
	if a.Until == "" {
		return false, nil
	}
	rec, ok, err := r.ledger.Record(ctx, r.caseID, a.Until)
	return ok && rec.Open(), err
}

// wanted says whether somebody waits for the case: what is not contained yet is not begun any more. The containment itself
// goes to its end, so that what it set is known.
func (r *run) wanted(ctx context.Context) bool {
	c, err := r.e.o.Store.Case(ctx, r.caseID)
	return err == nil && Wanted(c)
}

// takenUp says whether a run for a newer finding is waiting at this moment, to go on with everything that this one leaves.
func (r *run) takenUp(ctx context.Context) bool {
	c, err := r.e.o.Store.Case(ctx, r.caseID)
	return err == nil && c.Unseen() && time.Since(c.Wanted) < wantedAgain+wantedAgain/4
}

// wait sleeps until a pending step is worth another look; false means that the run is not to wait (any longer).
func (r *run) wait(ctx context.Context, p *action.Pending) bool {
	if r.once {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.pending == nil || p.After < r.pending.After {
			r.pending = p
		}
		return false
	}
	if !r.giveUp.IsZero() && time.Now().Add(p.After).After(r.giveUp) {
		return false
	}
	select {
	case <-time.After(p.After):
		return true
	case <-ctx.Done():
		return false
	}
}

func (r *run) stopped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refused
}

func (r *run) refuse(no *action.RefusedError) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refused = true
	_ = errors.As(no, &r.asks)
}

// refusal is why nothing was begun, nil where something was.
func (r *run) refusal(ctx context.Context) error {
	if err := r.pre.permit(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asks != nil {
		return r.asks
	}
	return nil
}

// failed says whether the store or the vault failed on the way.
func (r *run) failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.broken != nil
}

func (r *run) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken = errors.Join(r.broken, err)
}

func (r *run) tell(id string, s action.Status, text string) {
	r.e.tell(Event{Case: r.caseID, Target: r.c.Target, Action: id, Status: string(s), Text: text, Took: time.Since(r.received)})
}
