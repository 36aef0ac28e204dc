package actions

import (
	"context"
	"fmt"

	"cordon/internal/action"
)

func readEvidence(ctx context.Context, env *action.Env, name string) (evidenceState, error) {
	a, ok, err := env.Evidence.Find(ctx, name)
	if err != nil {
		return evidenceState{}, fmt.Errorf("look for evidence %s: %w", name, err)
	}
	if !ok {
		return evidenceState{Name: name}, nil
	}
	return evidenceState{Name: name, SHA256: a.SHA256}, nil
}

// expectEvidence is what there is already, or a piece described in words: its hash is not known beforehand.
func expectEvidence(prior evidenceState, words string) evidenceState {
	if prior.SHA256 != "" {
		return prior
	}
	return evidenceState{Name: prior.Name, SHA256: words}
}

func verifyEvidence(after evidenceState) error {
	if after.SHA256 == "" {
		return fmt.Errorf("%s is not in the case's evidence", after.Name)
	}
	return nil
}

// keepEvidence stores a piece unless the case has one of that name already, from a former attempt: the first stays.
func keepEvidence(ctx context.Context, env *action.Env, name string, content []byte) (action.Artifact, error) {
	a, ok, err := env.Evidence.Find(ctx, name)
	if err != nil {
		return a, fmt.Errorf("look for evidence %s: %w", name, err)
	}
	if ok {
		return a, nil
	}
	a, err = env.Evidence.Put(ctx, name, content)
	return a, wrap("store evidence", name, err)
}
