package engine_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"

	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/vault"
)

// TestSameFindingInAnotherShape: the same version of a finding may come twice with different documents, from GuardDuty and from
// Security Hub. Both are evidence, and neither delivery fails.
func TestSameFindingInAnotherShape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		r.recheck = true
		r.Engine = r.engine(r.vault)
		f := on(db, 1)
		c := r.respond(t, f)
		f.Raw = bytes.Replace(f.Raw, []byte(`"severity":8`), []byte(`"severity":8,"title":"other"`), 1)
		for range 2 {
			c = r.respond(t, f)
		}
		if c.Status != casefile.Contained {
			t.Errorf("case is %s: %s", c.Status, c.Reason)
		}
		documents := 0
		for _, a := range c.Evidence {
			if strings.Contains(a.URI, "/finding-f-") {
				documents++
			}
		}
		if documents != 2 {
			t.Errorf("%d documents in %v, want both", documents, c.Evidence)
		}
		if problems, err := vault.Verify(t.Context(), r.vault, c.ID, c.Evidence, c.ChainHead); err != nil || len(problems) > 0 {
			t.Errorf("%v, %v", problems, err)
		}
	})
}
