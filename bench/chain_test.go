package bench

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/internal/cloud"
)

// calls makes a journal of "name from-to" in milliseconds, in any order.
func calls(text string) (out []cloud.Call) {
	epoch := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(ms string) time.Time {
		d, err := time.ParseDuration(ms + "ms")
		if err != nil {
			panic(err)
		}
		return epoch.Add(d)
	}
	for c := range strings.SplitSeq(text, ", ") {
		if c == "" {
			continue
		}
		name, span, _ := strings.Cut(c, " ")
		from, to, _ := strings.Cut(span, "-")
		out = append(out, cloud.Call{Operation: name, Started: at(from), Ended: at(to)})
	}
	return out
}

func TestChain(t *testing.T) {
	for name, test := range map[string]struct{ journal, want, toM string }{
		"none":                  {"", "", ""},
		"one":                   {"m 0-5", "m", "m"},
		"one after another":     {"a 0-1, b 1-2, m 2-3, c 3-4", "a b m c", "a b m"},
		"side by side":          {"a 0-4, b 0-4, m 1-5", "a", "m"},
		"overlapping by little": {"a 0-4, b 3-6, m 6-8", "a m", "a m"},
		"in no order":           {"m 2-3, a 0-1, b 1-2", "a b m", "a b m"},
		"a long one beside many": {
			"long 0-100, a 0-10, b 10-20, c 20-30, m 100-110, d 30-40", "a b c d m", "a b c d m",
		},
		"two that end together":    {"a 0-2, b 1-2, m 2-4", "a m", "a m"},
		"what is wanted is not it": {"a 0-1, b 1-2, c 2-3, m 1-2", "a b c", "a m"},
		"the last of several":      {"m 0-1, m 1-2, a 2-3", "m m a", "m m"},
		"takes no time":            {"a 1-1, m 1-1", "a m", "a m"},
		"not there":                {"a 0-1", "a", ""},
	} {
		t.Run(name, func(t *testing.T) {
			journal := calls(test.journal)
			before := slices.Clone(journal)
			if got := strings.Join(operations(Chain(journal)), " "); got != test.want {
				t.Errorf("chain %q, want %q", got, test.want)
			}
			to := ChainTo(journal, func(c cloud.Call) bool { return c.Operation == "m" })
			if got := strings.Join(operations(to), " "); got != test.toM {
				t.Errorf("chain to m %q, want %q", got, test.toM)
			}
			if !slices.Equal(journal, before) {
				t.Error("the journal was changed")
			}
		})
	}
}
