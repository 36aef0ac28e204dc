package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"cordon/internal/casefile"
	"cordon/internal/vault"
)

// onePiece is a vault that has one piece of evidence, whatever its name.
type onePiece struct {
	vault.Vault
	content []byte
}

func (v onePiece) Get(context.Context, string, string) ([]byte, error) { return v.content, nil }

// FuzzAskedPlan: the plan that the evidence gives back is refused, or it can be written again and does not differ from itself.
func FuzzAskedPlan(f *testing.F) {
	for _, seed := range []string{
		`{"target":"t","steps":[{"action":"ec2.tag","request":{"case":"c"},"changes":[{"part":"i-0","want":{},"have":null}]},{"action":"x","request":null,"changes":null,"unknown":true}]}`,
		`{"steps":[{"action":"a","changes":[{},{}]},{"action":"a"}]}`, ``, `null`, `{}`, `{"steps":null}`, `{"steps":[null]}`, `{}x`, `{"steps":[{"request":1e999}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		sum := sha256.Sum256(raw)
		c := casefile.Case{ID: "c-0123456789ab", Approval: &casefile.Approval{Plan: hex.EncodeToString(sum[:])}}
		steps, err := New(Options{Vault: onePiece{content: raw}}).AskedPlan(t.Context(), c)
		if err != nil {
			return
		}
		if _, _, err := (askedPlan{Steps: steps}).hash(); err != nil {
			t.Fatalf("accepted a plan that cannot be written: %v", err)
		}
		if _, err := json.Marshal(steps); err != nil {
			t.Fatal(err)
		}
		if got := planChanges(askedPlan{Steps: steps}, askedPlan{}); len(got) == 0 || len(got) > mostChanges+1 {
			t.Fatalf("%d changes are told: %q", len(got), got)
		}
		c.Approval.Plan = "00" + c.Approval.Plan[2:]
		if _, err := New(Options{Vault: onePiece{content: raw}}).AskedPlan(t.Context(), c); err == nil && hex.EncodeToString(sum[:])[:2] != "00" {
			t.Fatal("another plan than the one that was asked about is shown")
		}
	})
}
