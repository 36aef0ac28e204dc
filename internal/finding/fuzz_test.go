package finding

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"unicode/utf8"
)

func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("../../examples/findings/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	event := inEvent("GuardDuty Finding", bare)
	for _, doc := range []string{
		"", bare, pascal, event, asffDoc, inSNS(event), bare + "\n" + bare, "[" + bare + ",1]", `{"Findings":[` + pascal + `]}`,
		inEvent("GuardDuty Finding", `{"id":"a","type":"Recon:EC2/Portscan"}`),
		`{"Records":[{"body":` + quote(inSNS(event)) + `}]}`, `{"Messages":[{"Body":""}]}`, "{\n{\n{}", `{"detail":"{}"}`,
		inEvent("Security Hub Findings - Imported", `{"findings":[`+asffDoc+`]}`), "\xff\xfe{", `{"id":1e400,"type":"\ud800"}`,
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := Decode(bytes.NewReader(data))
		if len(found) == 0 && err == nil {
			t.Fatal("neither a finding nor an error")
		}
		if err != nil && len(Problems(err)) == 0 {
			t.Fatalf("error %v is of no known type", err)
		}
		for _, got := range found {
			sound(t, got)
			again, err := Decode(bytes.NewReader(got.Raw))
			if err != nil || len(again) != 1 {
				t.Fatalf("Raw decodes to %d findings, error %v: %s", len(again), err, got.Raw)
			}
			if b := again[0]; b.ID != got.ID || b.Type != got.Type || b.Kind != got.Kind || b.Sample != got.Sample || !slices.Equal(b.Targets, got.Targets) {
				t.Fatalf("Raw decodes to another finding:\n%+v\n%+v", b, got)
			}
		}
	})
}

// sound checks what holds of every finding.
func sound(t *testing.T, f Finding) {
	t.Helper()
	if !json.Valid(f.Raw) {
		t.Errorf("Raw is no JSON: %q", f.Raw)
	}
	if f.ID == "" || f.Type == "" || !isAccount(f.Account) || !isRegion(f.Region) || f.Partition == "" || f.Count < 1 ||
		f.Severity < 0 || f.Severity > 10 || f.Sample != (f.SampleReason != "") {
		t.Errorf("a field is missing or out of range: %+v", f)
	}
	if _, err := json.Marshal(f); err != nil {
		t.Errorf("marshal: %v", err)
	}
	seen := map[string]bool{}
	for _, target := range f.Targets {
		if !isAccount(target.Account) || target.Region == "" || !validID(target.Kind, target.ID) || !utf8.ValidString(target.ID) {
			t.Errorf("target %+v is not valid", target)
		}
		if s := target.String(); seen[s] {
			t.Errorf("target %s occurs twice", s)
		} else {
			seen[s] = true
		}
	}
}
