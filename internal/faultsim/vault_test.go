package faultsim

import (
	"context"

	"cordon/internal/action"
	"cordon/internal/vault"
)

// gatedVault is a vault on a local disk as one process sees it.
type gatedVault struct {
	g *gate
	vault.Vault
}

func (v gatedVault) pass(ctx context.Context, name, key string, do func() error) error {
	return v.g.pass(ctx, toVault, "vault "+name, key, do, func(effect) error { return errDisk })
}

func (v gatedVault) Put(ctx context.Context, id, name string, content []byte) (a action.Artifact, e vault.Entry, err error) {
	err = v.pass(ctx, "Put "+name, "", func() (err error) { a, e, err = v.Vault.Put(ctx, id, name, content); return err })
	return a, e, err
}

func (v gatedVault) Adopt(ctx context.Context, id, name string) (a action.Artifact, e vault.Entry, err error) {
	err = v.pass(ctx, "Adopt "+name, "", func() (err error) { a, e, err = v.Vault.Adopt(ctx, id, name); return err })
	return a, e, err
}

func (v gatedVault) Get(ctx context.Context, id, name string) (b []byte, err error) {
	err = v.pass(ctx, "Get "+name, "", func() (err error) { b, err = v.Vault.Get(ctx, id, name); return err })
	return b, err
}

func (v gatedVault) Manifest(ctx context.Context, id string) (e []vault.Entry, err error) {
	err = v.pass(ctx, "Manifest", "", func() (err error) { e, err = v.Vault.Manifest(ctx, id); return err })
	return e, err
}

func (v gatedVault) Private(ctx context.Context) error {
	return v.pass(ctx, "Private", "", func() error { return v.Vault.Private(ctx) })
}

func (v gatedVault) Check(ctx context.Context) error {
	return v.pass(ctx, "Check", "", func() error { return v.Vault.Check(ctx) })
}
