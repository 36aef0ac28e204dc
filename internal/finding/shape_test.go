package finding

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// want is what every shape of the finding bare decodes to, but for Shape and Raw.
func want() Finding {
	at := func(s string) time.Time {
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			panic(err)
		}
		return t
	}
	return Finding{
		ID:           "c0de5eed000000000a1b2c3d4e5f0001",
		ARN:          "arn:aws:guardduty:eu-west-1:111122223333:detector/d1/finding/c0de5eed000000000a1b2c3d4e5f0001",
		Type:         "Backdoor:EC2/C&CActivity.B!DNS",
		Title:        "t",
		Description:  "d",
		Account:      "111122223333",
		Region:       "eu-west-1",
		Partition:    "aws",
		DetectorID:   "d1",
		Severity:     8,
		Count:        3,
		CreatedAt:    at("2026-11-20T09:08:52.412Z"),
		UpdatedAt:    at("2026-11-20T09:47:20.105Z"),
		FirstSeen:    at("2026-11-20T09:02:11Z"),
		LastSeen:     at("2026-11-20T09:41:37Z"),
		ResourceType: "Instance",
		ResourceRole: "ACTOR",
		RemoteIPs:    []string{"198.51.100.23"},
		Tags:         map[string]string{"Name": `web "1"`},
		Targets:      []Target{{"111122223333", "eu-west-1", KindInstance, "i-0a1b2c3d4e5f60001"}},
		Kind:         KindInstance,
	}
}

func TestShapes(t *testing.T) {
	compact := change(t, bare, nil)
	event := inEvent("GuardDuty Finding", bare)
	tests := []struct {
		name, doc string
		shape     Shape
		raw       string
	}{
		{"bare", bare, ShapeBare, bare},
		{"bare pascal", pascal, ShapeBare, pascal},
		{"byte order mark", "\xef\xbb\xbf" + bare, ShapeBare, bare},
		{"white space around", "\r\n\t " + bare + "\n\n", ShapeBare, bare},
		{"event", event, ShapeEvent, bare},
		{"event around pascal", inEvent("GuardDuty Finding", pascal), ShapeEvent, pascal},
		{"event as PutEvents has it", `{"DetailType":"GuardDuty Finding","Source":"aws.guardduty","Detail":` + quote(bare) + `}`, ShapeEvent, bare},
		{"event without its detail-type", `{"detail":` + bare + `}`, ShapeEvent, bare},
		{"array of events", "[" + event + "]", ShapeEvent, bare},
		{"array of findings", "[" + bare + "]", ShapeBare, bare},
		{"get-findings camel", `{"findings":[` + bare + `]}`, ShapeAPI, bare},
		{"get-findings pascal", `{"Findings":[` + pascal + `]}`, ShapeAPI, pascal},
		{"json line", compact + "\n", ShapeBare, compact},
		{"sns", inSNS(event), ShapeEvent, bare},
		{"sns to lambda", `{"Records":[{"EventSource":"aws:sns","Sns":{"Type":"Notification","Message":` + quote(event) + `}}]}`, ShapeEvent, bare},
		{"sqs to lambda", `{"Records":[{"messageId":"1","body":` + quote(event) + `,"eventSource":"aws:sqs"}]}`, ShapeEvent, bare},
		{"sns in sqs to lambda", `{"Records":[{"messageId":"1","body":` + quote(inSNS(event)) + `}]}`, ShapeEvent, bare},
		{"receive-message", `{"Messages":[{"MessageId":"1","Body":` + quote(event) + `}]}`, ShapeEvent, bare},
		{"sqs message", `{"MessageId":"1","Body":` + quote(event) + `}`, ShapeEvent, bare},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := decodeOne(t, tt.doc)
			if got.Shape != tt.shape {
				t.Errorf("Shape = %q, want %q", got.Shape, tt.shape)
			}
			if string(got.Raw) != tt.raw {
				t.Errorf("Raw =\n%s\nwant\n%s", got.Raw, tt.raw)
			}
			got.Shape, got.Raw = "", nil
			if w := want(); !reflect.DeepEqual(got, w) {
				t.Errorf("got  %+v\nwant %+v", got, w)
			}
		})
	}
}

func TestSeveral(t *testing.T) {
	line := func(id string) string { return change(t, bare, map[string]any{"id": id}) }
	tests := []struct {
		name, doc string
		ids       string
		problems  []int // their indices
	}{
		{"json lines", line("a") + "\n" + line("b") + "\n" + line("c"), "a b c", nil},
		{"one after another", line("a") + line("b"), "a b", nil},
		{"array", "[" + line("a") + "," + line("b") + "]", "a b", nil},
		{"response", `{"Findings":[` + line("a") + "," + line("b") + `],"NextToken":""}`, "a b", nil},
		{"a bad one in the array", "[" + line("a") + `,7,` + line("c") + "]", "a c", []int{1}},
		{"a bad line", line("a") + "\n{broken}\n" + line("c"), "a c", []int{1}},
		{"a cut line", line("a") + "\n" + line("b")[:200] + "\n" + line("c") + "\n" + line("d"), "a c d", []int{1}},
		{"a line of text", line("a") + "\nhello\n" + line("c"), "a c", []int{1}},
		{"a brace too many", line("a") + "}", "a", []int{1}},
		{"the last line cut", line("a") + "\n" + line("b")[:200], "a", []int{1}},
		{"several bad", "[1," + line("b") + ",[],{}]", "b", []int{0, 2, 3}},
		{"several records", `{"Records":[{"body":` + quote(line("a")) + `},{"body":"x"},{"body":` + quote(line("c")) + `}]}`, "a c", []int{1}},
		{"a batch in a body", `{"Body":` + quote("["+line("a")+","+line("b")+"]") + `}`, "a b", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := Decode(strings.NewReader(tt.doc))
			var ids []string
			for _, f := range found {
				ids = append(ids, f.ID)
			}
			if got := strings.Join(ids, " "); got != tt.ids {
				t.Errorf("found %q, want %q", got, tt.ids)
			}
			var at []int
			for _, p := range Problems(err) {
				at = append(at, p.Index)
			}
			if !reflect.DeepEqual(at, tt.problems) {
				t.Errorf("problems at %v, want %v: %v", at, tt.problems, err)
			}
		})
	}
}

// What the envelope fills in belongs to the finding, so Raw is then the event.
func TestEnvelopeFillsIn(t *testing.T) {
	lacking := change(t, bare, map[string]any{"accountId": nil, "region": nil, "arn": nil})
	event := inEvent("GuardDuty Finding", lacking)
	f := decodeOne(t, event)
	if f.Account != "999988887777" || f.Region != "eu-west-1" {
		t.Errorf("account %q, region %q; want the envelope's", f.Account, f.Region)
	}
	if string(f.Raw) != event {
		t.Errorf("Raw = %s, want the event", f.Raw)
	}
	if again := decodeOne(t, string(f.Raw)); !reflect.DeepEqual(again, f) {
		t.Errorf("decoded again: %+v\nfirst %+v", again, f)
	}
	f = decodeOne(t, change(t, bare, map[string]any{"accountId": nil, "region": nil}))
	if f.Account != "111122223333" || f.Region != "eu-west-1" || len(f.Notes) != 2 {
		t.Errorf("account %q, region %q, notes %q; want the ARN's and two notes", f.Account, f.Region, f.Notes)
	}
}

// Raw must not hold on to the input, nor change with it.
func TestRawIsACopy(t *testing.T) {
	f := decodeOne(t, "["+bare+"]")
	if cap(f.Raw) > 2*len(bare) || !json.Valid(f.Raw) {
		t.Errorf("Raw has a capacity of %d for %d bytes", cap(f.Raw), len(f.Raw))
	}
}
