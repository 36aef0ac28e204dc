package action

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"cordon/internal/cloud"
)

// Request is what an action is asked: which case, which target, and the step's settings merged in as one JSON object.
type Request = json.RawMessage

// NewRequest merges on with a step's settings (a struct or map; nil for none).
func NewRequest(on On, with any) (Request, error) {
	merged := map[string]any{}
	if with != nil {
		raw, err := json.Marshal(with)
		if err != nil {
			return nil, fmt.Errorf("encode settings: %w", err)
		}
		if err := json.Unmarshal(raw, &merged); err != nil {
			return nil, fmt.Errorf("encode settings: %w", err)
		}
	}
	merged["case"], merged["target"] = on.Case, on.Target
	return json.Marshal(merged)
}

// Run does a under the law and returns its record as stored. It starts the action, or goes on with a record that an
// earlier call left. The error is nil, *Pending (call Run again after its time), *RefusedError,
// or a fault of the ledger; a fault of the outside world is in the record (Failed), not in the error.
func Run(ctx context.Context, l Ledger, env *Env, a Action, caseID string, req Request) (Record, error) {
	rec, found, err := l.Record(ctx, caseID, a.ID)
	if err != nil {
		return rec, fmt.Errorf("read record of %s: %w", a.ID, err)
	}
	if !found {
		rec = Record{Case: caseID, Action: a.ID, Started: time.Now().UTC()}
	}
	own := *env
	own.notes, own.remains, own.disowned = &notebook{lines: slices.Clone(rec.Notes)}, &notebook{}, &notebook{}
	own.Interrupted = rec.Status == Doing
	if rec.Status == Failed { // what it left is not known to be over
		own.remains.lines = slices.Clone(rec.Remains)
	}
	own.Touch = refusable(a.ID, env.Touch)
	r := runner{l: l, env: &own, a: a, drifts: new(int)}
	if rec.Status == Undone { // what was before is not what is before now
		rec.Prior, rec.After, rec.Acted, rec.Released = nil, nil, time.Time{}, time.Time{}
	}
	if len(rec.Prior) == 0 {
		rec.Request = req
		return r.begin(ctx, rec)
	}
	if rec.Request, err = a.impl.merge(rec.Request, req); err != nil {
		return rec, err
	}
	return r.again(ctx, rec)
}

// RefusedError says that an action was not begun because Env.Permit or Env.Touch refused: nothing was changed.
type RefusedError struct {
	Action string
	Err    error
}

func (e *RefusedError) Error() string { return e.Action + " not begun: " + e.Err.Error() }
func (e *RefusedError) Unwrap() error { return e.Err }

// runner carries what every stage of one Run needs.
type runner struct {
	l   Ledger
	env *Env
	a   Action

	drifts *int // how often Do ran again at once because the target had changed
}

// begin observes for the first time and stores the prior state before anything changes.
func (r runner) begin(ctx context.Context, rec Record) (Record, error) {
	rec.Attempts++
	prior, err := r.a.impl.observe(ctx, r.env, rec.Request, rec.Prior)
	if err := r.permit(ctx); err != nil { // only the right account's word counts
		return rec, err
	}
	if err != nil {
		return r.end(ctx, rec, err)
	}
	if err := r.touch(ctx); err != nil {
		return rec, err
	}
	rec.Prior, rec.Status, rec.Moot, rec.Error, rec.Reason = prior, Doing, false, "", ""
	if want, err := r.a.impl.expect(rec.Request, prior); err == nil && same(r.a, want, prior) {
		r.env.Note("%s", r.a.nothingToChange(prior))
		rec.After, rec.Status, rec.Reason, rec.Ended = prior, Done, r.env.notes.text(), time.Now().UTC()
		return r.save(ctx, rec)
	}
	return r.storeAndAct(ctx, rec)
}

// again goes on with a stored prior: it is extended by what the target has gained since, never observed anew.
func (r runner) again(ctx context.Context, rec Record) (Record, error) {
	now, err := r.a.impl.observe(ctx, r.env, rec.Request, rec.Prior)
	if err := r.permit(ctx); err != nil {
		return rec, err
	}
	if reason, moot := nothingToDo(err); moot {
		rec.Status, rec.Moot, rec.Error, rec.Reason, rec.Ended = Skipped, true, "", reason, time.Now().UTC()
		return r.store(ctx, rec)
	}
	if err != nil {
		rec.Status, rec.Error, rec.Ended = Failed, fmt.Errorf("read the state: %w", err).Error(), time.Now().UTC()
		return r.store(ctx, rec) // nothing was changed now, so what is known of after stays
	}
	if rec.Status == Done && same(r.a, now, rec.After) && r.a.impl.verify(rec.Request, rec.Prior, now) == nil {
		return rec, nil
	}
	if err := r.touch(ctx); err != nil {
		return rec, err
	}
	if rec.Prior, err = r.a.impl.extend(rec.Prior, now); err != nil {
		return rec, err
	}
	rec.Attempts++
	rec.Status, rec.Moot, rec.Error, rec.Reason = Doing, false, "", ""
	return r.storeAndAct(ctx, rec)
}

func (r runner) storeAndAct(ctx context.Context, rec Record) (Record, error) {
	rec.Remains = nil
	rec, err := r.save(ctx, rec)
	if err != nil {
		return rec, err // law 1: not stored, so nothing is changed
	}
	inEffect := time.Time{}
	r.env.Attempt, r.env.inEffect = rec.Attempts, &inEffect
	if err := r.a.impl.do(ctx, r.env, rec.Request, rec.Prior); err != nil {
		var refused *RefusedError
		if errors.As(err, &refused) {
			return r.takeBack(ctx, rec, refused)
		}
		return r.end(ctx, rec, err)
	}
	if rec.Acted = inEffect; inEffect.IsZero() {
		rec.Acted = time.Now().UTC()
	}
	return r.confirm(ctx, rec)
}

// takeBack stores that Do changed nothing: what is before now is not what will be before when it is tried again.
func (r runner) takeBack(ctx context.Context, rec Record, refused *RefusedError) (Record, error) {
	rec.Prior, rec.After, rec.Notes, rec.Attempts = nil, nil, nil, 0
	rec.Status, rec.Reason, rec.Ended = Undone, refused.Err.Error(), time.Now().UTC()
	rec, err := r.store(ctx, rec)
	if err != nil {
		return rec, err
	}
	return rec, refused
}

// refusable is Touch as an action's Do asks it.
func refusable(id string, touch func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if touch == nil {
			return nil
		}
		if err := touch(ctx); err != nil {
			return &RefusedError{id, err}
		}
		return nil
	}
}

// touch asks for an action that does not ask itself.
func (r runner) touch(ctx context.Context) error {
	if r.a.prepares {
		return nil
	}
	return r.env.Touch(ctx)
}

func (r runner) permit(ctx context.Context) error {
	if r.env.Permit == nil {
		return nil
	}
	if err := r.env.Permit(ctx); err != nil {
		return &RefusedError{r.a.ID, err}
	}
	return nil
}

// maxDrifts bounds how often Do runs again at once because the target keeps changing.
const maxDrifts = 5

// confirm reads back until AWS shows the change or the action's time to settle is over.
func (r runner) confirm(ctx context.Context, rec Record) (Record, error) {
	if ctx.Err() != nil { // the change was made before the caller gave up: what came of it is still worth knowing
		var cancel context.CancelFunc
		ctx, cancel = detached(ctx)
		defer cancel()
	}
	deadline := time.Now().Add(r.a.settle)
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		after, err := r.a.impl.observe(ctx, r.env, rec.Request, rec.Prior)
		observed := err == nil
		if observed {
			rec.After = after
			if err = r.a.impl.verify(rec.Request, rec.Prior, after); err == nil {
				rec.Status, rec.Reason, rec.Ended = Done, r.env.notes.text(), time.Now().UTC()
				rec.Remains = r.env.remains.all()
				return r.store(ctx, rec)
			}
			var drifted *Drifted
			if errors.As(err, &drifted) && *r.drifts < maxDrifts {
				*r.drifts++
				return r.again(ctx, rec)
			}
		}
		hopeless := !observed && !cloud.Temporary(err)
		if hopeless || time.Now().Add(wait).After(deadline) || sleep(ctx, wait) != nil {
			return r.fail(ctx, rec, fmt.Errorf("read back after the change: %w", err))
		}
	}
}

// end stores how begin or Do ended with err, where nothing says that the target was changed by it.
func (r runner) end(ctx context.Context, rec Record, err error) (Record, error) {
	var (
		pending *Pending
		skip    *Skip

		harmless *Moot
	)
	reason, moot := nothingToDo(err)
	switch {
	case errors.As(err, &pending):
		rec.Status, rec.Reason, rec.Notes = Waiting, pending.Reason, r.env.notes.all()
		rec, serr := r.store(ctx, rec)
		if serr != nil {
			return rec, serr
		}
		return rec, pending
	case errors.As(err, &skip):
		rec.Status, rec.Reason = Skipped, skip.Reason
	case moot && (len(rec.Prior) == 0 || errors.As(err, &harmless)):
		rec.Status, rec.Moot, rec.Reason = Skipped, true, reason
	default:
		return r.fail(ctx, rec, err)
	}
	rec.Ended = time.Now().UTC()
	return r.store(ctx, rec)
}

// nothingToDo says whether err means that there is nothing to contain, and why.
func nothingToDo(err error) (reason string, moot bool) {
	var (
		gone *Gone
		none *Moot
	)
	switch {
	case errors.As(err, &gone):
		return gone.Error(), true
	case errors.As(err, &none):
		return none.Reason, true
	default:
		return "", false
	}
}

// fail stores a failure. After a change that failed it notes what is there now, so that release can tell our
// half-made change from someone else's; where that cannot be read, release takes the whole change for ours.
func (r runner) fail(ctx context.Context, rec Record, err error) (Record, error) {
	rec.Status, rec.Error, rec.Ended = Failed, err.Error(), time.Now().UTC()
	rec.Reason, rec.Notes, rec.Remains = r.env.notes.text(), r.env.notes.all(), r.env.remains.all()
	if len(rec.Prior) > 0 {
		ctx, cancel := detached(ctx)
		defer cancel()
		rec.After, _ = r.a.impl.observe(ctx, r.env, rec.Request, rec.Prior)
	}
	return r.store(ctx, rec)
}

// store saves a record whose change is made or given up: also when the caller has gone away meanwhile.
func (r runner) store(ctx context.Context, rec Record) (Record, error) {
	ctx, cancel := detached(ctx)
	defer cancel()
	return r.save(ctx, rec)
}

// detached outlives its parent's cancellation by a bounded time.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
}

func (r runner) save(ctx context.Context, rec Record) (Record, error) {
	saved, err := r.l.SaveRecord(ctx, rec)
	if err != nil {
		return rec, fmt.Errorf("store record of %s: %w", r.a.ID, err)
	}
	return saved, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
