package cli_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"cordon/internal/cli"
	"cordon/internal/config"
	"cordon/internal/serve"
)

const (
	unitFile      = "../../deploy/systemd/cordon.service"
	containerFile = "../../deploy/container/Containerfile"
)

func content(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// value is what a line of a file sets: the first group of the pattern.
func value(t *testing.T, text, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)` + pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("nothing matches %s", pattern)
	}
	return m[1]
}

// TestUnitsCommands: the commands in the unit and in the Containerfile have the verbs and flags that they are given.
func TestUnitsCommands(t *testing.T) {
	unit, container := content(t, unitFile), content(t, containerFile)
	words := func(list string) string { return strings.NewReplacer(`"`, "", ",", "").Replace(list) }
	for _, line := range []string{
		value(t, unit, `^ExecStart=/usr/local/bin/cordon (.*)$`),
		words(value(t, container, `^HEALTHCHECK .* CMD \["/usr/local/bin/cordon", (.*)\]$`)),
		words(value(t, container, `^CMD \[(.*)\]$`)),
	} {
		var out, errs bytes.Buffer
		args := append(strings.Fields(line), "--help")
		code := cli.Main(context.Background(), args, cli.IO{In: &bytes.Buffer{}, Out: &out, Err: &errs})
		if code != 0 || !strings.Contains(out.String(), "cordon serve") {
			t.Errorf("cordon %v: exit code %d\n%s", args, code, errs.Bytes())
		}
	}
}

// TestUnitsPaths: the default store is in the folder that the unit and the container keep, and the stop has its time.
func TestUnitsPaths(t *testing.T) {
	unit, container := content(t, unitFile), content(t, containerFile)
	for name, state := range map[string]string{
		"unit":      value(t, unit, `^Environment=XDG_STATE_HOME=(.*)$`),
		"container": value(t, container, `^ENV XDG_STATE_HOME=(.*)$`),
	} {
		t.Setenv("XDG_STATE_HOME", state)
		dir, err := config.StateDir()
		if err != nil || dir != "/var/lib/cordon" {
			t.Errorf("%s: %s, %v", name, dir, err)
		}
	}
	if dir := "/var/lib/" + value(t, unit, `^StateDirectory=(.*)$`); dir != value(t, container, `^VOLUME (.*)$`) {
		t.Errorf("the unit keeps %s", dir)
	}
	seconds, err := strconv.Atoi(value(t, unit, `^TimeoutStopSec=([0-9]+)$`))
	if least := time.Duration(config.Default("/").Serve.StopTimeout) + serve.StopsWithin; err != nil || time.Duration(seconds)*time.Second <= least {
		t.Errorf("the unit's stop has %d s, and needs %s", seconds, least)
	}
	if want := value(t, content(t, "../../go.mod"), `^go ([0-9]+\.[0-9]+)`); value(t, container, `golang:([0-9.]+) `) != want {
		t.Errorf("the Containerfile does not build with Go %s", want)
	}
	if key := "file:/run/credentials/cordon.service/" + value(t, unit, `^LoadCredential=([^:]+):`); !strings.Contains(content(t, "../../docs/serve.md"), key) {
		t.Errorf("docs/serve.md does not name %s", key)
	}
}

// TestUnitVerified: systemd has nothing against the unit.
func TestUnitVerified(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not on PATH")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cordon.service")
	write(t, file, strings.Replace(content(t, unitFile), "ExecStart=/usr/local/bin/cordon", "ExecStart="+self, 1))
	if out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", file).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}
