package action

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Difference is one part of a state that is not as it should be. Values are JSON; nil means that the part is absent.
type Difference struct {
	Part     string          `json:"part,omitempty"` // a resource id; "" when the state is one part
	Want     json.RawMessage `json:"want"`
	Have     json.RawMessage `json:"have"`
	Conflict bool            `json:"-"`
	Text     string          `json:"text,omitempty"` // instead of the values, where a change is one of no part
}

func (d Difference) String() string {
	if d.Text != "" {
		return d.Text
	}
	s := fmt.Sprintf("is %s, not %s", show(d.Have), show(d.Want))
	if d.Part != "" {
		return d.Part + " " + s
	}
	return s
}

func show(raw json.RawMessage) string {
	if raw == nil {
		return "absent"
	}
	return string(raw)
}

// differences compares two states part by part, in the order of the parts' names.
func differences(e erased, want, have json.RawMessage) ([]Difference, error) {
	w, err := e.parts(want)
	if err != nil {
		return nil, err
	}
	h, err := e.parts(have)
	if err != nil {
		return nil, err
	}
	names := maps.Clone(w)
	maps.Copy(names, h)
	var out []Difference
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !bytes.Equal(w[name], h[name]) {
			out = append(out, Difference{Part: name, Want: w[name], Have: h[name]})
		}
	}
	return out, nil
}

func same(a Action, x, y json.RawMessage) bool {
	d, err := differences(a.impl, x, y)
	return err == nil && len(d) == 0
}

func sameParts(e erased, want, have json.RawMessage) error {
	d, err := differences(e, want, have)
	if err != nil || len(d) == 0 {
		return err
	}
	text := make([]string, len(d))
	for i := range d {
		text[i] = d[i].String()
	}
	return fmt.Errorf("%s", strings.Join(text, "; "))
}
