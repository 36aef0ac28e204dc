package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cordon/internal/action"
)

// Verify reads a case's evidence again and says what is wrong with it: entries that are changed, missing or in
// another order; a chain that does not end with head, the hash of the last entry as the case has it ("" where that is
// not known); content that is missing or is not what its entry says; and pieces the case knows that the manifest does
// not. An error means that it could not look.
func Verify(ctx context.Context, v Vault, caseID string, known []action.Artifact, head string) ([]Problem, error) {
	entries, err := v.Manifest(ctx, caseID)
	if errors.Is(err, ErrDamaged) {
		return []Problem{{"manifest", err.Error()}}, nil
	}
	if err != nil {
		return nil, err
	}
	problems, err := verifyChain(entries, caseID, head)
	if err != nil {
		return nil, err
	}
	found, err := verifyContent(ctx, v, caseID, entries)
	if err != nil {
		return nil, err
	}
	problems = append(problems, found...)
	if found, err = strays(ctx, v, caseID, entries, known); err != nil {
		return nil, err
	}
	problems = append(problems, found...)

	chained := map[string]map[string]bool{} // by URI, the hashes
	for _, e := range entries {
		uri := v.URI(caseID, e.Name)
		if chained[uri] == nil {
			chained[uri] = map[string]bool{}
		}
		chained[uri][e.SHA256] = true
	}
	for _, a := range known {
		switch hashes := chained[a.URI]; {
		case hashes == nil:
			problems = append(problems, Problem{a.URI, "the case lists it, the manifest does not"})
		case !hashes[a.SHA256]:
			problems = append(problems, Problem{a.URI, "the case and the manifest have different hashes of it"})
		}
	}
	return problems, nil
}

func verifyChain(entries []Entry, caseID, head string) ([]Problem, error) {
	var problems []Problem
	report := func(format string, args ...any) {
		problems = append(problems, Problem{"manifest", fmt.Sprintf(format, args...)})
	}
	prev, at := "", 0 // at is the place of head
	for i, e := range entries {
		hash, err := hashOf(e)
		if err != nil {
			return nil, err
		}
		switch {
		case e.Hash != hash:
			report("entry %d was changed", i+1)
		case e.Prev != prev:
			report("entry %d does not follow from the one before it: an entry is missing, inserted or replaced", i+1)
		case e.Seq != i+1:
			report("entry %d says it is entry %d", i+1, e.Seq)
		case e.Case != caseID:
			report("entry %d is of case %q", i+1, e.Case)
		}
		if prev = e.Hash; prev == head {
			at = i + 1
		}
	}
	switch {
	case head == "" || at == len(entries) && at > 0:
	case at > 0:
		report("%d entries follow the last one that the case knows", len(entries)-at)
	default:
		report("the last entry that the case knows is not there: entries are missing or replaced")
	}
	return problems, nil
}

// verifyContent hashes every piece again, several at once; the problems come in the order of the entries.
func verifyContent(ctx context.Context, v Vault, caseID string, entries []Entry) ([]Problem, error) {
	texts := make([]string, len(entries))
	err := each(ctx, len(entries), func(ctx context.Context, i int) error {
		e := entries[i]
		if err := checkName("the name", e.Name); err != nil {
			texts[i] = err.Error()
			return nil
		}
		var sum string
		var size int64
		var err error
		if k, ok := v.(*keeper); ok && e.Uploaded != nil {
			sum, size = e.SHA256, e.Bytes
			texts[i], err = k.uploadedProblem(ctx, caseID, e)
		} else {
			sum, size, err = hashPiece(ctx, v, caseID, e.Name)
		}
		switch {
		case errors.Is(err, ErrNotFound):
			texts[i] = "it is missing"
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			texts[i] = "it cannot be read: " + err.Error()
		case sum != e.SHA256:
			texts[i] = "its content was changed"
		case size != e.Bytes:
			texts[i] = fmt.Sprintf("it has %d bytes, the manifest says %d", size, e.Bytes)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var problems []Problem
	for i, text := range texts {
		if text != "" {
			problems = append(problems, Problem{entries[i].Name, text})
		}
	}
	return problems, nil
}

// strays are pieces that lie beside the evidence and are in no manifest. What Systems Manager wrote for live response is
// none: its output lies deeper, and the evidence is the copy that was chained.
func strays(ctx context.Context, v Vault, caseID string, entries []Entry, listed []action.Artifact) (problems []Problem, err error) {
	k, ok := v.(*keeper)
	if !ok {
		return nil, nil
	}
	known := map[string]bool{}
	for _, e := range entries {
		known[k.files.uri(k.key(caseID, e.Name))] = true
	}
	for _, a := range listed {
		known[a.URI] = true // the case knows it: that the manifest does not is said already
	}
	prefix := cleanSegment(caseID) + "/"
	keys, err := k.files.list(ctx, prefix)
	if err != nil {
		return nil, fmt.Errorf("list evidence of case %s: %w", caseID, err)
	}
	slices.Sort(keys)
	for _, key := range keys {
		name := strings.TrimPrefix(key, prefix)
		if !known[k.files.uri(key)] && name != manifestDir && !strings.HasPrefix(name, manifestDir+"/") && strings.Count(name, "/") < 2 {
			problems = append(problems, Problem{name, "it is in no manifest: it was put there by someone else"})
		}
	}
	return problems, nil
}

// hashPiece hashes a piece; those of this package's vaults without reading them into memory.
func hashPiece(ctx context.Context, v Vault, caseID, name string) (sum string, size int64, err error) {
	if k, ok := v.(*keeper); ok {
		sum, size, err = k.hash(ctx, k.key(caseID, name))
		if err != nil {
			err = fmt.Errorf("read evidence %q of case %s: %w", name, caseID, err)
		}
		return sum, size, err
	}
	content, err := v.Get(ctx, caseID, name)
	return digest(content), int64(len(content)), err
}
