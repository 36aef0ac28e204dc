package permissions_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cordon/internal/awssim"
	"cordon/internal/casefile"
)

// varying is what differs between two runs of one scenario: ids that are drawn, hashes, times.
var varying = regexp.MustCompile(`c-[0-9a-hjkmnp-tv-z]{12}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{64}` +
	`|\d{4}-\d\d-\d\dT[0-9:.]+Z?|\d+ ms|(sg|snap|iip-assoc)-0[0-9a-f]{16}`)

// say keeps what came of a verb.
func (w *world) say(verb, text string) {
	w.said = append(w.said, fmt.Sprintf("%d %s: %s", w.acts, verb, varying.ReplaceAllString(text, "…")))
}

// meanwhile keeps what came of what somebody else did between two acts of Cordon's: it may depend on those.
func (w *world) meanwhile(err error) {
	if err != nil {
		w.say("meanwhile", err.Error())
	}
}

// look says what Cordon has come to, case by case and step by step, and how the account differs from what it was.
func (w *world) look(verb string) {
	w.t.Helper()
	ctx := w.t.Context()
	cases, err := w.store.Cases(ctx, casefile.Filter{})
	w.must(err)
	for _, c := range cases {
		w.say(verb, fmt.Sprintf("case %s: %s: %q; residual %q; concerns %q; ticket %q", c.Target, c.Status, inOrder(c.Reason), c.Residual, c.Concerns, c.Ticket))
		for _, e := range c.Evidence {
			w.say(verb, "evidence "+e.URI)
		}
		records, err := w.store.Records(ctx, c.ID)
		w.must(err)
		for _, r := range records {
			w.say(verb, fmt.Sprintf("step %s: %s: %q %q %q", r.Action, r.Status, inOrder(r.Error), inOrder(r.Reason), slices.Sorted(slices.Values(r.Notes))))
		}
	}
	if verb == "release" {
		for _, d := range awssim.Diff(w.before, w.target.Dump(awssim.DumpOptions{})) {
			w.say(verb, "left: "+fmt.Sprint(d))
		}
	}
	w.acts++
}

// inOrder are the remarks of a text, which come in the order in which things happened to end.
func inOrder(text string) []string {
	return slices.Sorted(slices.Values(strings.Split(strings.ReplaceAll(text, "\n", "; "), "; ")))
}

// outcome is all that came of a scenario, in words.
func (w *world) outcome() string {
	slices.Sort(w.said)
	return strings.Join(slices.Compact(w.said), "\n")
}
