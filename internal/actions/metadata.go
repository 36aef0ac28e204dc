package actions

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/action"
	"cordon/internal/finding"
)

// metadata is metadata.json.
type metadata struct {
	Case     string             `json:"case"`
	Target   finding.Target     `json:"target"`
	Sections map[string]section `json:"sections"`
}

// The sources of a section.
const (
	sourceStored = "stored observation"     // a record's prior state: from before the change
	sourceRead   = "read after containment" // read by this step
)

// section is one reading. Data is as the SDK gives it, without what is empty; null where Error says why.
type section struct {
	Source string    `json:"source"`
	At     time.Time `json:"at"`
	Data   any       `json:"data"`
	Error  string    `json:"error,omitempty"`
	After  *section  `json:"after,omitempty"` // the same, read after containment, where Data is older

	err error
}

// collector fills the sections; its methods that read are run side by side.
type collector struct {
	env    *action.Env
	t      instanceRequest
	stored map[string]stored

	instance ec2types.Instance
	vpc      string

	mu       sync.Mutex
	sections map[string]section
}

// collect reads the instance, which the rest hangs on, then all else side by side.
func (c *collector) collect(ctx context.Context) {
	c.readInstance(ctx)
	readers := c.readers()
	_ = each(slices.Sorted(maps.Keys(readers)), func(name string) error {
		s := readers[name](ctx)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.sections[name] = s
		return nil
	})
}

// read makes a section of something read now.
func read(data any, err error) section {
	s := section{Source: sourceRead, At: time.Now().UTC(), err: err}
	if err == nil {
		s.Data, s.err = plain(data)
	}
	if s.err != nil {
		s.Data, s.Error = nil, s.err.Error()
	}
	return s
}

// plain is v as plain JSON values, without null, empty lists and empty objects.
func plain(v any) (any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var out any
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, err
	}
	return prune(out), nil
}

func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if x = prune(x); empty(x) {
				delete(v, k)
			} else {
				v[k] = x
			}
		}
	case []any:
		for i, x := range v {
			v[i] = prune(x)
		}
	}
	return v
}

// empty says whether v says nothing; a number or false says something.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}

// stored is a record's prior state and when it was observed.
type stored struct {
	at    time.Time
	prior json.RawMessage
}

// storedStates gives the prior states of the case's records by action.
func storedStates(records []action.Record) map[string]stored {
	out := map[string]stored{}
	for _, r := range records {
		if len(r.Prior) > 0 {
			out[r.Action] = stored{at: r.Started, prior: r.Prior}
		}
	}
	return out
}

// before makes a section of an action's stored prior; ok is false where there is none.
func (c *collector) before(actionID string) (s section, ok bool) {
	st, ok := c.stored[actionID]
	if !ok {
		return section{}, false
	}
	s = section{Source: sourceStored, At: st.at}
	var v any
	if s.err = json.Unmarshal(st.prior, &v); s.err != nil {
		s.Error = s.err.Error()
	}
	s.Data = v
	return s, true
}
