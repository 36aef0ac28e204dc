package engine

import (
	"context"
	"fmt"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/vault"
)

// evidence is one case's part of the vault; what is put there is also listed in the case.
type evidence struct {
	store  casefile.Store
	vault  vault.Vault
	caseID string
	by     string
}

// Put implements action.Evidence.
func (e evidence) Put(ctx context.Context, name string, content []byte) (action.Artifact, error) {
	a, entry, err := e.vault.Put(ctx, e.caseID, name, content)
	if err != nil {
		return a, err
	}
	_, err = e.store.Update(ctx, e.caseID, func(c *casefile.Case) ([]casefile.Entry, error) {
		for _, known := range c.Evidence {
			if known.URI == a.URI {
				return nil, nil
			}
		}
		c.Evidence = append(c.Evidence, a)
		c.ChainLength, c.ChainHead = laterHead(*c, entry)
		return []casefile.Entry{{By: e.by, Event: "evidence", Text: a.URI}}, nil
	})
	if err != nil {
		return a, fmt.Errorf("list evidence %s in case %s: %w", name, e.caseID, err)
	}
	return a, nil
}

// laterHead keeps the head of the longer chain: two pieces may be listed in another order than they were chained.
func laterHead(c casefile.Case, entry vault.Entry) (int, string) {
	if entry.Seq > c.ChainLength {
		return entry.Seq, entry.Hash
	}
	return c.ChainLength, c.ChainHead
}

// Find implements action.Evidence.
func (e evidence) Find(ctx context.Context, name string) (action.Artifact, bool, error) {
	c, err := e.store.Case(ctx, e.caseID)
	if err != nil {
		return action.Artifact{}, false, err
	}
	uri := e.vault.URI(e.caseID, name)
	for _, a := range c.Evidence {
		if a.URI == uri {
			return a, true, nil
		}
	}
	return action.Artifact{}, false, nil
}

// Bucket implements action.Evidence.
func (e evidence) Bucket() (bucket, prefix string, ok bool) { return e.vault.Bucket(e.caseID) }
