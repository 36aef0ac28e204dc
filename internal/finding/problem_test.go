package finding

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestProblems(t *testing.T) {
	tests := []struct{ name, doc, reason string }{
		{"empty", "", "the input is empty"},
		{"white space", " \n\t", "the input is empty"},
		{"byte order mark only", "\xef\xbb\xbf", "the input is empty"},
		{"text", "hello", "not JSON at byte 0"},
		{"a wrong character", `{"id": tru}`, "not JSON at byte 10"},
		{"truncated", bare[:300], "truncated at byte 300"},
		{"truncated in a string", `{"id":"abc`, "truncated at byte 10"},
		{"truncated array", "[" + bare + ",", "truncated at byte"},
		{"deep arrays", strings.Repeat("[", 100_000), "deeper than 200 levels"},
		{"deep objects", strings.Repeat(`{"a":`, 300) + "1" + strings.Repeat("}", 300), "deeper than 200 levels"},
		{"latin-1", `{"title":"caf` + "\xe9" + `"}`, "not UTF-8 at byte 13"},
		{"utf-16 le", "\xff\xfe{\x00}\x00", "UTF-16"},
		{"utf-16 be", "\xfe\xff\x00{\x00}", "UTF-16"},
		{"utf-16 without mark", "{\x00}\x00", "UTF-16"},
		{"gzip", "\x1f\x8b\x08\x00", "gzip"},
		{"string", `"x"`, "bare string"},
		{"number", `12`, "bare number"},
		{"null", `null`, "bare null"},
		{"empty object", `{}`, "no finding of any known shape"},
		{"empty array", `[]`, "the array is empty"},
		{"empty response", `{"Findings":[]}`, "findings is empty"},
		{"finding ids", `{"FindingIds":["a"]}`, "lists ids"},
		{"object scan result", inEvent("GuardDuty Malware Protection Object Scan Result", `{}`), "Object Scan Result"},
		{"runtime coverage", inEvent("GuardDuty Runtime Protection Unhealthy", `{}`), "not a finding"},
		{"event without detail", inEvent("GuardDuty Finding", "null"), "no detail"},
		{"s3 notification", `{"Records":[{"s3":{}}]}`, "S3 notification"},
		{"subscription", `{"Type":"SubscriptionConfirmation","SubscribeURL":"https://x"}`, "subscription"},
		{"empty message", inSNS(" "), "empty"},
		{"message of text", inSNS("hello"), "not JSON"},
		{"no id", change(t, bare, map[string]any{"id": nil}), "no id"},
		{"id of a path", change(t, bare, map[string]any{"id": "../../etc/passwd"}), "is not one of GuardDuty's"},
		{"id of dots", change(t, bare, map[string]any{"id": ".."}), "is not one of GuardDuty's"},
		{"no type", change(t, bare, map[string]any{"type": nil}), "no type"},
		{"type with a line break", change(t, bare, map[string]any{"type": "a\nb"}), `"a\nb"`},
		{"no account", change(t, bare, map[string]any{"accountId": nil, "arn": nil}), "no account"},
		{"short account", change(t, bare, map[string]any{"accountId": "12345678910"}), `"12345678910"`},
		{"account of letters", change(t, bare, map[string]any{"accountId": "11112222333a"}), "account"},
		{"no region", change(t, bare, map[string]any{"region": nil, "arn": nil}), "no Region"},
		{"region of a host", change(t, bare, map[string]any{"region": "evil.example/-1"}), "Region"},
		{"no instance id", change(t, bare, map[string]any{"resource.instanceDetails": nil}), "no instance id"},
		{"bad instance id", change(t, bare, map[string]any{"resource.instanceDetails.instanceId": "i-123123123"}), `"i-123123123"`},
		{"instance id of capitals", change(t, bare, map[string]any{"resource.instanceDetails.instanceId": "i-0A1B2C3D4E5F60001"}), "no instance id"},
		{"instance id of another type", change(t, bare, map[string]any{"resource.instanceDetails.instanceId": []int{1}}), "no instance id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := decodeBad(t, tt.doc)
			if !strings.Contains(p.Error(), tt.reason) {
				t.Errorf("error %q does not say %q", p, tt.reason)
			}
			if p.Index != -1 {
				t.Errorf("Index = %d, want -1: it is the whole input", p.Index)
			}
		})
	}
}

func TestWrappedTooOften(t *testing.T) {
	doc := bare
	for range 6 {
		doc = inSNS(doc)
	}
	decodeOne(t, doc)
	doc = bare
	for range maxWraps + 1 {
		doc = `{"findings":[` + doc + `]}`
	}
	if p := decodeBad(t, doc); !strings.Contains(p.Reason, "wrapped") {
		t.Errorf("error %q", p)
	}
}

func TestManyProblemsAreCounted(t *testing.T) {
	found, err := Decode(strings.NewReader("[" + strings.Repeat("1,", 499) + bare + "]"))
	if len(found) != 1 {
		t.Fatalf("%d findings, want 1", len(found))
	}
	problems := Problems(err)
	if len(problems) != maxProblems+1 || !strings.Contains(problems[maxProblems].Reason, "399 more") {
		t.Errorf("%d problems, last %v", len(problems), problems[len(problems)-1])
	}
}

// endless counts what is read of a stream without end.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += len(p)
	return len(p), nil
}

func TestTooLarge(t *testing.T) {
	t.Run("stream", func(t *testing.T) {
		r := &endless{}
		if _, err := Decode(r); len(Problems(err)) != 1 {
			t.Fatalf("error %v", err)
		}
		if r.read > MaxBytes+1<<20 {
			t.Errorf("read %d bytes of a stream that is too large", r.read)
		}
	})
	t.Run("sized", func(t *testing.T) {
		r := strings.NewReader(strings.Repeat(" ", 50<<20))
		if _, err := Decode(r); len(Problems(err)) != 1 {
			t.Fatalf("error %v", err)
		}
		if r.Len() != 50<<20 {
			t.Errorf("read %d bytes of an input that is too large", 50<<20-r.Len())
		}
	})
	t.Run("file", func(t *testing.T) {
		f, err := os.Create(filepath.Join(t.TempDir(), "large"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := f.Truncate(50 << 20); err != nil {
			t.Fatal(err)
		}
		_, err = Decode(f)
		if len(Problems(err)) != 1 {
			t.Fatalf("error %v", err)
		}
		if at, _ := f.Seek(0, io.SeekCurrent); at != 0 {
			t.Errorf("read %d bytes of a file that is too large", at)
		}
	})
	t.Run("just within", func(t *testing.T) {
		doc := bare + strings.Repeat(" ", MaxBytes-len(bare))
		decodeOne(t, doc)
	})
}

func TestReaderFails(t *testing.T) {
	broken := errors.New("broken pipe")
	_, err := Decode(io.MultiReader(strings.NewReader(bare), failing{broken}))
	if !errors.Is(err, broken) || len(Problems(err)) != 0 {
		t.Errorf("error %v, want the reader's and no problem of the input", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
