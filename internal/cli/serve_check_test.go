package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/smithy-go/logging"
)

// TestWritable: a store that this user cannot write is said, and none is made.
func TestWritable(t *testing.T) {
	dir := t.TempDir()
	file, folder := filepath.Join(dir, "cordon.db"), filepath.Join(dir, "locked")
	if err := writable("sqlite://" + file); err != nil {
		t.Errorf("a new store: %v", err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("asking makes a store")
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writable("sqlite://" + file); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(folder, nil, 0o400); err != nil {
		t.Fatal(err)
	}
	if err := writable("sqlite://" + folder); err == nil && os.Getuid() != 0 { // root may
		t.Error("a store that cannot be written passes")
	}
	if err := writable("sqlite://" + file + "/cordon.db"); err == nil {
		t.Error("a store below a file passes")
	}
	if err := writable("dynamodb://table"); err != nil {
		t.Error(err)
	}
}

// TestSDKSays: what the SDK says is in the service's log, as a record of its own.
func TestSDKSays(t *testing.T) {
	var errs bytes.Buffer
	a := &app{IO: IO{Err: &errs}}
	a.log = logger(a.Err)
	a.sdkSays(logging.Warn, "failed to %s", "discard\nit")
	if got := errs.String(); !strings.HasPrefix(got, `{"time":`) || !strings.Contains(got, `"level":"WARN","msg":"AWS SDK","text":"failed to discard`) || strings.Count(got, "\n") != 1 {
		t.Errorf("got %s", got)
	}
}
