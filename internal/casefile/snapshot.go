package casefile

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"cordon/internal/action"
)

// Snapshot is all that a store has about one case, at one moment, but for its lease and task token: both are of processes
// that run. As JSON it keeps documents, and what records hold, byte for byte.
type Snapshot struct {
	Case         Case
	Records      []action.Record // by Seq
	Journal      []Entry         // by Seq
	Documents    map[string]json.RawMessage
	Suppressions []Suppression // those of this case
	Counted      []Counted     // where its containment is counted
}

// Counted says that a case's containment is counted in the scope of a limit.
type Counted struct {
	Scope string
	At    time.Time
	Until time.Time // then it is of no use any more
}

// DiffersError says that a store has a case otherwise than a snapshot.
type DiffersError struct {
	Case        string
	Here, There int // entries in the snapshot's journal, and in the store's
}

func (e *DiffersError) Error() string {
	return fmt.Sprintf("the store has case %s otherwise (its journal has %d entries there, %d here): it was left as it is", e.Case, e.There, e.Here)
}

// TakenError says that a target has another open case.
type TakenError struct{ Case, Open string }

func (e *TakenError) Error() string {
	return fmt.Sprintf("the target of case %s has another open case in the store, %s: release that one first", e.Case, e.Open)
}

// Check says what is wrong with a snapshot that a store is to keep.
func (s Snapshot) Check() error {
	c := s.Case
	switch {
	case c.ID == "":
		return errors.New("a case without an id")
	case c.Target.Kind == "" || c.Target.ID == "":
		return fmt.Errorf("case %s has no target", c.ID)
	case !slices.Contains(Statuses(), c.Status):
		return fmt.Errorf("case %s has the status %q, which is not known", c.ID, c.Status)
	case len(s.Journal) == 0:
		return fmt.Errorf("case %s has no journal", c.ID)
	}
	for n, e := range s.Journal {
		if e.Seq != n+1 {
			return fmt.Errorf("entry %d of the journal of case %s has the number %d", n+1, c.ID, e.Seq)
		}
	}
	actions := map[string]bool{}
	for n, r := range s.Records {
		if r.Case != c.ID || r.Action == "" || actions[r.Action] || r.Seq != n+1 || r.Version < 1 {
			return fmt.Errorf("record %d of case %s (%q) is not one that a store keeps", n+1, c.ID, r.Action)
		}
		actions[r.Action] = true
	}
	for _, p := range s.Suppressions {
		if p.Case != c.ID {
			return fmt.Errorf("a suppression of case %q is with case %s", p.Case, c.ID)
		}
	}
	return nil
}

// Same says whether two snapshots have the same case: its findings, journal, records and documents. Suppressions and
// counts go by time, and do not matter.
func (s Snapshot) Same(o Snapshot) bool {
	s.Suppressions, s.Counted, o.Suppressions, o.Counted = nil, nil, nil, nil
	a, errA := json.Marshal(s)
	b, errB := json.Marshal(o)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// Differs is the error of a store that has another case in the place of s, nil where it is the same.
func (s Snapshot) Differs(there Snapshot) error {
	if s.Same(there) {
		return nil
	}
	return &DiffersError{s.Case.ID, len(s.Journal), len(there.Journal)}
}

// The JSON of a snapshot.
type (
	snapshotJSON struct {
		Case         Case           `json:"case"`
		Records      []recordJSON   `json:"records"`
		Journal      []Entry        `json:"journal"`
		Documents    []documentJSON `json:"documents"`
		Suppressions []Suppression  `json:"suppressions,omitempty"`
		Counted      []countedJSON  `json:"counted,omitempty"`
	}
	recordJSON struct {
		action.Record
		Request exact `json:"request,omitempty"` // in the place of the record's own
		Prior   exact `json:"prior,omitempty"`
		After   exact `json:"after,omitempty"`
	}
	documentJSON struct {
		Finding exact `json:"finding"`
		Raw     exact `json:"raw"`
	}
	countedJSON struct {
		Scope exact     `json:"scope"`
		At    time.Time `json:"at"`
		Until time.Time `json:"until"`
	}
)

// MarshalJSON implements json.Marshaler: the same snapshot gives the same bytes.
func (s Snapshot) MarshalJSON() ([]byte, error) {
	out := snapshotJSON{Case: s.Case, Records: []recordJSON{}, Journal: s.Journal, Documents: []documentJSON{}, Suppressions: slices.Clone(s.Suppressions)}
	out.Case.Lease = Lease{}
	for _, r := range s.Records {
		line := recordJSON{Record: r, Request: exact(r.Request), Prior: exact(r.Prior), After: exact(r.After)}
		out.Records = append(out.Records, line)
	}
	for id, raw := range s.Documents {
		out.Documents = append(out.Documents, documentJSON{exact(id), exact(raw)})
	}
	slices.SortFunc(out.Documents, func(a, b documentJSON) int { return bytes.Compare(a.Finding, b.Finding) })
	slices.SortFunc(out.Suppressions, func(a, b Suppression) int { return cmp.Compare(a.Finding, b.Finding) })
	for _, c := range s.Counted {
		out.Counted = append(out.Counted, countedJSON{exact(c.Scope), utc(c.At), utc(c.Until)})
	}
	slices.SortFunc(out.Counted, func(a, b countedJSON) int { return bytes.Compare(a.Scope, b.Scope) })
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler. A field that it does not know is an error: it would be lost.
func (s *Snapshot) UnmarshalJSON(raw []byte) error {
	var in snapshotJSON
	if err := decodeStrictly(raw, &in); err != nil {
		return err
	}
	*s = Snapshot{Case: in.Case, Journal: in.Journal, Suppressions: in.Suppressions, Documents: map[string]json.RawMessage{}}
	for _, line := range in.Records {
		r := line.Record
		r.Request, r.Prior, r.After = json.RawMessage(line.Request), json.RawMessage(line.Prior), json.RawMessage(line.After)
		s.Records = append(s.Records, r)
	}
	for _, d := range in.Documents {
		s.Documents[string(d.Finding)] = json.RawMessage(d.Raw)
	}
	for _, c := range in.Counted {
		s.Counted = append(s.Counted, Counted{string(c.Scope), c.At, c.Until})
	}
	return nil
}

func decodeStrictly(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return errors.New("more than one value")
	}
	return nil
}

// exact is bytes as JSON: a string where they are UTF-8, else {"base64": …}.
type exact []byte

func (e exact) MarshalJSON() ([]byte, error) {
	if utf8.Valid(e) {
		return json.Marshal(string(e))
	}
	return json.Marshal(map[string]string{"base64": base64.StdEncoding.EncodeToString(e)})
}

func (e *exact) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		*e = exact(text)
		return nil
	}
	var coded struct {
		Base64 []byte `json:"base64"`
	}
	err := decodeStrictly(raw, &coded)
	*e = coded.Base64
	return err
}
