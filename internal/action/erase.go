package action

import (
	"context"
	"encoding/json"
	"fmt"
)

// spec implements erased for one Spec.
type spec[T, P any] struct{ s Spec[T, P] }

func (e spec[T, P]) observe(ctx context.Context, env *Env, req, known json.RawMessage) (json.RawMessage, error) {
	t, err := decode[T](e.s.ID, "request", req)
	if err != nil {
		return nil, err
	}
	var k *P
	if len(known) > 0 {
		v, err := decode[P](e.s.ID, "state", known)
		if err != nil {
			return nil, err
		}
		k = &v
	}
	p, err := e.s.Observe(ctx, env, t, k)
	if err != nil {
		return nil, err
	}
	return encode(e.s.ID, p)
}

func (e spec[T, P]) expect(req, prior json.RawMessage) (json.RawMessage, error) {
	t, p, err := e.both(req, prior)
	if err != nil {
		return nil, err
	}
	return encode(e.s.ID, e.s.Expect(t, p))
}

func (e spec[T, P]) do(ctx context.Context, env *Env, req, prior json.RawMessage) error {
	t, p, err := e.both(req, prior)
	if err != nil {
		return err
	}
	return e.s.Do(ctx, env, t, p)
}

func (e spec[T, P]) undo(ctx context.Context, env *Env, req, prior json.RawMessage, without map[string]bool) error {
	t, p, err := e.both(req, prior)
	if err != nil {
		return err
	}
	if len(without) > 0 && e.s.Without != nil {
		p = e.s.Without(p, without)
	}
	return e.s.Undo(ctx, env, t, p)
}

func (e spec[T, P]) leave(ctx context.Context, env *Env, req json.RawMessage) error {
	if e.s.Leave == nil {
		return nil
	}
	t, err := decode[T](e.s.ID, "request", req)
	if err != nil {
		return err
	}
	return e.s.Leave(ctx, env, t)
}

func (e spec[T, P]) verify(req, prior, after json.RawMessage) error {
	t, p, err := e.both(req, prior)
	if err != nil {
		return err
	}
	if e.s.Verify != nil {
		a, err := decode[P](e.s.ID, "state", after)
		if err != nil {
			return err
		}
		return e.s.Verify(t, p, a)
	}
	want, err := e.expect(req, prior)
	if err != nil {
		return err
	}
	return sameParts(e, want, after)
}

func (e spec[T, P]) parts(raw json.RawMessage) (map[string]json.RawMessage, error) {
	if e.s.Parts == nil {
		return map[string]json.RawMessage{"": raw}, nil
	}
	p, err := decode[P](e.s.ID, "state", raw)
	if err != nil {
		return nil, err
	}
	out := map[string]json.RawMessage{}
	for k, v := range e.s.Parts(p) {
		if out[k], err = encode(e.s.ID, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (e spec[T, P]) residual(req, prior, after json.RawMessage) ([]string, error) {
	if e.s.Residual == nil {
		return nil, nil
	}
	t, p, err := e.both(req, prior)
	if err != nil {
		return nil, err
	}
	a, err := decode[P](e.s.ID, "state", after)
	if err != nil {
		return nil, err
	}
	return e.s.Residual(t, p, a), nil
}

func (e spec[T, P]) divisible() bool { return e.s.Parts != nil }

func (e spec[T, P]) extend(prior, now json.RawMessage) (json.RawMessage, error) {
	if e.s.Extend == nil {
		return prior, nil
	}
	p, err := decode[P](e.s.ID, "state", prior)
	if err != nil {
		return nil, err
	}
	n, err := decode[P](e.s.ID, "state", now)
	if err != nil {
		return nil, err
	}
	return encode(e.s.ID, e.s.Extend(p, n))
}

func (e spec[T, P]) merge(was, asked json.RawMessage) (json.RawMessage, error) {
	if e.s.Merge == nil {
		return was, nil
	}
	w, err := decode[T](e.s.ID, "request", was)
	if err != nil {
		return nil, err
	}
	a, err := decode[T](e.s.ID, "request", asked)
	if err != nil {
		return nil, err
	}
	return encode(e.s.ID, e.s.Merge(w, a))
}

func (e spec[T, P]) both(req, state json.RawMessage) (t T, p P, err error) {
	if t, err = decode[T](e.s.ID, "request", req); err != nil {
		return t, p, err
	}
	p, err = decode[P](e.s.ID, "state", state)
	return t, p, err
}

func decode[V any](id, what string, raw json.RawMessage) (v V, err error) {
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, fmt.Errorf("read %s of %s: %w", what, id, err)
	}
	return v, nil
}

func encode(id string, v any) (json.RawMessage, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode state of %s: %w", id, err)
	}
	return raw, nil
}
