package faultsim

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/finding"
)

// gatedStore is a store on a local disk as one process sees it.
type gatedStore struct {
	g *gate
	casefile.Store
}

var errDisk = errors.New("disk I/O error")

func (s gatedStore) pass(ctx context.Context, name, key string, do func() error) error {
	return s.g.pass(ctx, toStore, "store "+name, key, do, func(effect) error { return errDisk })
}

func (s gatedStore) Record(ctx context.Context, id, name string) (r action.Record, ok bool, err error) {
	err = s.pass(ctx, "Record "+name, "", func() (err error) { r, ok, err = s.Store.Record(ctx, id, name); return err })
	return r, ok && err == nil, err
}

func (s gatedStore) Records(ctx context.Context, id string) (r []action.Record, err error) {
	err = s.pass(ctx, "Records", "", func() (err error) { r, err = s.Store.Records(ctx, id); return err })
	return r, err
}

func (s gatedStore) SaveRecord(ctx context.Context, r action.Record) (saved action.Record, err error) {
	err = s.pass(ctx, "SaveRecord "+r.Action, string(r.Status), func() (err error) { saved, err = s.Store.SaveRecord(ctx, r); return err })
	return saved, err
}

func (s gatedStore) OpenCase(ctx context.Context, o casefile.Opening) (c casefile.Case, created bool, err error) {
	err = s.pass(ctx, "OpenCase", o.Target.ID, func() (err error) { c, created, err = s.Store.OpenCase(ctx, o); return err })
	return c, created, err
}

func (s gatedStore) Case(ctx context.Context, id string) (c casefile.Case, err error) {
	err = s.pass(ctx, "Case", "", func() (err error) { c, err = s.Store.Case(ctx, id); return err })
	return c, err
}

func (s gatedStore) Cases(ctx context.Context, f casefile.Filter) (c []casefile.Case, err error) {
	err = s.pass(ctx, "Cases", "", func() (err error) { c, err = s.Store.Cases(ctx, f); return err })
	return c, err
}

func (s gatedStore) Documents(ctx context.Context, id string) (d map[string]json.RawMessage, err error) {
	err = s.pass(ctx, "Documents", "", func() (err error) { d, err = s.Store.Documents(ctx, id); return err })
	return d, err
}

func (s gatedStore) Update(ctx context.Context, id string, f func(*casefile.Case) ([]casefile.Entry, error)) (c casefile.Case, err error) {
	err = s.pass(ctx, "Update", "", func() (err error) { c, err = s.Store.Update(ctx, id, f); return err })
	return c, err
}

func (s gatedStore) Journal(ctx context.Context, id string) (e []casefile.Entry, err error) {
	err = s.pass(ctx, "Journal", "", func() (err error) { e, err = s.Store.Journal(ctx, id); return err })
	return e, err
}

func (s gatedStore) Claim(ctx context.Context, id, owner string, now time.Time, ttl time.Duration) error {
	return s.pass(ctx, "Claim", "", func() error { return s.Store.Claim(ctx, id, owner, now, ttl) })
}

func (s gatedStore) Yield(ctx context.Context, id, owner string) error {
	return s.pass(ctx, "Yield", "", func() error { return s.Store.Yield(ctx, id, owner) })
}

func (s gatedStore) Unsent(ctx context.Context) (r []action.Record, err error) {
	err = s.pass(ctx, "Unsent", "", func() (err error) { r, err = s.Store.Unsent(ctx); return err })
	return r, err
}

func (s gatedStore) Suppress(ctx context.Context, x casefile.Suppression) error {
	return s.pass(ctx, "Suppress", x.Finding, func() error { return s.Store.Suppress(ctx, x) })
}

func (s gatedStore) Suppressed(ctx context.Context, t finding.Target, id string, now time.Time) (x casefile.Suppression, ok bool, err error) {
	err = s.pass(ctx, "Suppressed", id, func() (err error) { x, ok, err = s.Store.Suppressed(ctx, t, id, now); return err })
	return x, ok && err == nil, err
}

func (s gatedStore) Admit(ctx context.Context, id string, limits []casefile.Limit, now time.Time) (full *casefile.Limit, err error) {
	err = s.pass(ctx, "Admit", "", func() (err error) { full, err = s.Store.Admit(ctx, id, limits, now); return err })
	return full, err
}

func (s gatedStore) Admitted(ctx context.Context, limits []casefile.Limit, now time.Time) (n []int, err error) {
	err = s.pass(ctx, "Admitted", "", func() (err error) { n, err = s.Store.Admitted(ctx, limits, now); return err })
	return n, err
}

func (s gatedStore) Paused(ctx context.Context) (p casefile.Pause, ok bool, err error) {
	err = s.pass(ctx, "Paused", "", func() (err error) { p, ok, err = s.Store.Paused(ctx); return err })
	return p, ok && err == nil, err
}

func (s gatedStore) Check(ctx context.Context) error {
	return s.pass(ctx, "Check", "", func() error { return s.Store.Check(ctx) })
}

// The rest is a person's (pause, resume), and none of a run's.
func (gatedStore) Pause(context.Context, casefile.Pause) error { panic("not gated: Pause") }

func (gatedStore) Resume(context.Context, string, time.Time) error {
	panic("not gated: Resume")
}

func (gatedStore) Pauses(context.Context) ([]casefile.Entry, error) {
	panic("not gated: Pauses")
}
