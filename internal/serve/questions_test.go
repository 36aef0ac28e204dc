package serve

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/config"
	"cordon/internal/finding"
)

// TestQuestionsDue: what is contained because nobody answered is contained side by side, and nobody waits for its evidence.
func TestQuestionsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{SnapshotTime: 25 * time.Minute}, serveConfig())
		r.rules = config.Policy{
			Builtin: config.ContainAll, Rules: []config.Rule{{Name: "ask", Match: &config.Match{}, Then: config.ThenApprove}},
			Approval: config.Approval{Timeout: config.Duration(time.Hour), OnTimeout: config.TimeoutContain},
		}
		r.restart(t, t.TempDir(), serveConfig())
		r.begin(t.Context())
		for _, instance := range []string{web, batch} {
			f, err := finding.Decode(strings.NewReader(event(instance, 1)))
			if err != nil {
				t.Fatal(err)
			}
			if res := r.engine.Respond(t.Context(), f)[0]; res.Err != nil || res.Case.Status != casefile.AwaitingApproval {
				t.Fatalf("%s, %v", res.Case.Status, res.Err)
			}
		}
		time.Sleep(time.Hour)
		began := time.Now()
		r.questions(t.Context(), t.Context())
		time.Sleep(time.Second)
		for _, c := range r.cases(t) {
			if c.Status != casefile.Contained || c.Settled {
				t.Errorf("%s %s %s, settled %v", c.Target.ID, c.Status, c.Reason, c.Settled)
			}
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("ending questions waited %s", took)
		}
		r.questions(t.Context(), t.Context()) // nothing is due any more
		r.jobs.wait()
		if n := r.metrics.get("cordon_cases_total contained"); n != 2 {
			t.Errorf("%d cases contained: %s", n, fmt.Sprint(r.metrics.n))
		}
	})
}
