package telemetry

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
)

const (
	// other stands for every value that a label does not take.
	other = "other"
	// maxValues is how many different values a label of a metric has at most.
	maxValues = 200
	// maxText is how much of a text stands in a span, in bytes.
	maxText = 200
)

// valueOf is a label of a metric.
type valueOf struct{ metric, label string }

// bounded are labels as a metric may have them.
func (t *Telemetry) bounded(metric string, labels []Label) attribute.Set {
	kvs := make([]attribute.KeyValue, len(labels))
	for i, l := range labels {
		kvs[i] = attribute.String(l.Name, t.value(valueOf{metric, l.Name}, l.Value))
	}
	return attribute.NewSet(kvs...)
}

func (t *Telemetry) value(of valueOf, v string) string {
	if !plain(v) || of.label == "action" && !t.actions[v] {
		return other
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	known := t.values[of]
	switch {
	case known[v]:
		return v
	case len(known) == maxValues:
		return other
	case known == nil:
		known = map[string]bool{}
		t.values[of] = known
	}
	known[v] = true
	return v
}

// plain says whether a value is a word, as AWS's codes and Cordon's own names are; the empty one is.
func plain(v string) bool {
	for _, c := range []byte(v) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && !strings.ContainsRune("_-. /:", rune(c)) {
			return false
		}
	}
	return len(v) <= 64
}

// escaped is a text for a span: what cannot be printed is a question mark, and there is not too much of it.
func escaped(v string) string {
	v = strings.Map(func(c rune) rune {
		if c == utf8.RuneError || !unicode.IsPrint(c) {
			return '?'
		}
		return c
	}, v)
	for len(v) > maxText {
		_, size := utf8.DecodeLastRuneInString(v)
		v = v[:len(v)-size]
	}
	return v
}

// noContext is for calls into OpenTelemetry that belong to no request: metrics are recorded whatever became of one.
type noContext struct{}

func (noContext) Deadline() (time.Time, bool) { return time.Time{}, false }
func (noContext) Done() <-chan struct{}       { return nil }
func (noContext) Err() error                  { return nil }
func (noContext) Value(any) any               { return nil }
