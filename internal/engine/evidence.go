package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/finding"
	"cordon/internal/vault"
)

// evidence is one case's part of the vault; what is put there is also listed in the case.
type evidence struct {
	store  casefile.Store
	vault  vault.Vault
	caseID string
	by     string
}

// Put implements action.Evidence. Where a process wrote a piece of that name and died before it was chained, that piece
// is the evidence: it is whole, and it is the earlier one.
func (e evidence) Put(ctx context.Context, name string, content []byte) (action.Artifact, error) {
	a, entry, err := e.vault.Put(ctx, e.caseID, name, content)
	if errors.Is(err, vault.ErrExists) {
		if _, chained, ferr := e.Find(ctx, name); ferr == nil && !chained {
			a, entry, err = e.vault.Adopt(ctx, e.caseID, name)
		}
	}
	if err != nil {
		return a, err
	}
	return a, e.list(ctx, a, entry)
}

// Attest implements action.Evidence.
func (e evidence) Attest(ctx context.Context, name string, u action.Uploaded) (action.Artifact, error) {
	a, entry, err := e.vault.Attest(ctx, e.caseID, name, u)
	if err != nil {
		return a, err
	}
	return a, e.list(ctx, a, entry)
}

// list writes a piece that is in the vault into the case, also when the caller has gone away meanwhile.
func (e evidence) list(ctx context.Context, a action.Artifact, entry vault.Entry) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	_, err := e.store.Update(ctx, e.caseID, func(c *casefile.Case) ([]casefile.Entry, error) {
		if slices.ContainsFunc(c.Evidence, func(known action.Artifact) bool { return known.URI == a.URI }) {
			return nil, nil
		}
		c.Evidence = append(c.Evidence, a)
		c.ChainLength, c.ChainHead = laterHead(*c, entry)
		return []casefile.Entry{{By: e.by, Event: "evidence", Text: a.URI}}, nil
	})
	if err != nil {
		return fmt.Errorf("list evidence %s in case %s: %w", entry.Name, e.caseID, err)
	}
	return nil
}

// catchUp lists the pieces that are in the vault's chain and not in the case: a process died, or the store failed, in between.
func (e evidence) catchUp(ctx context.Context) error {
	c, err := e.store.Case(ctx, e.caseID)
	if err != nil {
		return fmt.Errorf("list evidence in case %s: %w", e.caseID, err)
	}
	entries, err := e.vault.Manifest(ctx, e.caseID)
	if err != nil {
		return fmt.Errorf("read the manifest of case %s: %w", e.caseID, err)
	}
	for _, entry := range entries {
		a := e.artifact(entry)
		if slices.ContainsFunc(c.Evidence, func(known action.Artifact) bool { return known.URI == a.URI }) {
			continue
		}
		if err := e.list(ctx, a, entry); err != nil {
			return err
		}
	}
	return nil
}

// artifact is a piece as its entry in the manifest has it.
func (e evidence) artifact(entry vault.Entry) action.Artifact {
	return action.Artifact{URI: e.vault.URI(e.caseID, entry.Name), SHA256: entry.SHA256, Bytes: entry.Bytes}
}

// laterHead keeps the head of the longer chain: two pieces may be listed in another order than they were chained.
func laterHead(c casefile.Case, entry vault.Entry) (int, string) {
	if entry.Seq > c.ChainLength {
		return entry.Seq, entry.Hash
	}
	return c.ChainLength, c.ChainHead
}

// Find implements action.Evidence. A piece that a process put into the vault and died before it was listed in the case
// is listed now: it is not collected again.
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
	entries, err := e.vault.Manifest(ctx, e.caseID)
	if err != nil {
		return action.Artifact{}, false, err
	}
	for _, entry := range entries {
		if entry.Name == name {
			a := e.artifact(entry)
			return a, true, e.list(ctx, a, entry)
		}
	}
	return action.Artifact{}, false, nil
}

// Bucket implements action.Evidence.
func (e evidence) Bucket() (bucket, prefix string, ok bool) { return e.vault.Bucket(e.caseID) }

// putDocument puts the finding into evidence. The same version may come in another shape (from Security Hub as well as from
// GuardDuty), or from somebody who has changed it: that document is kept too, under its hash.
func putDocument(ctx context.Context, ev action.Evidence, f finding.Finding) error {
	_, err := ev.Put(ctx, documentName(f), f.Raw)
	if errors.Is(err, vault.ErrExists) {
		sum := sha256.Sum256(f.Raw)
		_, err = ev.Put(ctx, strings.TrimSuffix(documentName(f), ".json")+"-"+hex.EncodeToString(sum[:8])+".json", f.Raw)
	}
	return err
}

// documentName is distinct for each version of a finding, so that a repeat adds evidence and replaces none.
func documentName(f finding.Finding) string {
	return fmt.Sprintf("finding-%s-%d-%d.json", f.ID, f.Count, f.UpdatedAt.Unix())
}
