package doctor_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cordon/internal/awssim"
	"cordon/internal/casefile/sqlite"
	"cordon/internal/doctor"
)

func TestStoreFile(t *testing.T) {
	w := deployed(t, awssim.Options{})
	file := filepath.Join(t.TempDir(), "cordon.db")
	w.conf.Store = "sqlite://" + file
	if got := about(w.examine(t), "store.file"); len(got) != 0 {
		t.Errorf("a file that is not there yet: %+v", got)
	}
	s, err := sqlite.Open(t.Context(), file)
	if err == nil {
		err = s.Close()
	}
	whole, readErr := os.ReadFile(file)
	if err != nil || readErr != nil {
		t.Fatal(err, readErr)
	}
	spoilt := bytes.Clone(whole)
	copy(spoilt[2*4096:], bytes.Repeat([]byte{0xa5}, 4096))
	for _, tt := range []struct {
		name    string
		content []byte
		want    doctor.Severity
		found   string
	}{
		{"whole", whole, doctor.OK, "the file is whole"},
		{"a spoilt page", spoilt, doctor.Problem, "damaged"},
		{"cut", whole[:4096*3], doctor.Problem, "damaged"},
		{"no database", []byte(strings.Repeat("text", 1000)), doctor.Problem, "no SQLite database"},
	} {
		if err := os.WriteFile(file, tt.content, 0o600); err != nil {
			t.Fatal(err)
		}
		got := about(w.examine(t), "store.file")
		if len(got) != 1 || got[0].Subject != file || !strings.Contains(got[0].Found, tt.found) || (got[0].Severity != tt.want && (tt.want != doctor.OK || got[0].Severity != doctor.Warning)) {
			t.Errorf("%s: %+v", tt.name, got)
		}
		if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, tt.content) {
			t.Errorf("%s: the file was changed: %v", tt.name, err)
		}
	}
}
