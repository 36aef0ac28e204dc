package finding

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Findings as other projects ship them: each is the finding that the manifest says, or is refused
// for a reason that is stated here.
func TestWild(t *testing.T) {
	dir := shared(t, "findings")
	data, err := os.ReadFile(filepath.Join(dir, "manifest.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n")[1:] {
		fields := strings.Split(line, "\t")
		file, typ, note := fields[0], fields[1], fields[6]
		t.Run(file, func(t *testing.T) {
			doc, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Fatal(err)
			}
			found, err := Decode(strings.NewReader(string(doc)))
			if problems := Problems(err); len(problems) > 0 {
				wildProblem(t, string(doc), problems)
				return
			}
			if len(found) != 1 {
				t.Fatalf("%d findings, want 1", len(found))
			}
			f := found[0]
			if f.Type != typ {
				t.Errorf("type %q, want %q", f.Type, typ)
			}
			if rt := fields[2]; rt != "(none)" && f.ResourceType != rt {
				t.Errorf("resource type %q, want %q", f.ResourceType, rt)
			}
			generated := strings.Contains(string(doc), `"sample": true`) || strings.Contains(string(doc), `\"sample\":true`)
			if f.Sample != generated {
				t.Errorf("sample %v (%s); the document says %v, the manifest %q", f.Sample, f.SampleReason, generated, note)
			}
		})
	}
}

// wildProblem accepts an error only where the document has the fault it speaks of.
func wildProblem(t *testing.T, doc string, problems []*NotFindingError) {
	t.Helper()
	if len(problems) != 1 {
		t.Fatalf("%d problems, want 1", len(problems))
	}
	reason := problems[0].Reason
	faults := map[string]bool{ // what the reason says → whether it is so
		`names the account "1234567891234"`: strings.Contains(doc, `"AccountId": "1234567891234"`),
		`names the account "0123456789101"`: strings.Contains(doc, `"AwsAccountId": "0123456789101"`),
		`names the account "12345678910"`:   strings.Contains(doc, `"AccountId": "12345678910"`),
		`names the account "10987654321"`:   strings.Contains(doc, `"AccountId": "10987654321"`),
		`names the account "123456789"`:     strings.Contains(doc, `"accountId": "123456789"`),
		"has no id":                         !strings.Contains(doc, `"Id": "`) || !strings.Contains(doc, `"AccountId"`),
		"Malware Protection Object Scan":    strings.Contains(doc, "Malware Protection Object Scan Result"),
	}
	for says, so := range faults {
		if strings.Contains(reason, says) {
			if !so {
				t.Errorf("refused for %q, which is not so", reason)
			}
			return
		}
	}
	t.Errorf("refused: %v", problems[0])
}
