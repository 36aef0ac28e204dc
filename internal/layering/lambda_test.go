package layering

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestLambdaIsLean: what only a long-running process or a terminal needs is not linked into the function, whose start
// containment waits for.
func TestLambdaIsLean(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "cordon/cmd/cordon-lambda").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "cordon/internal/lambda") {
		t.Fatal("these are not the function's packages")
	}
	for _, dep := range deps {
		for _, no := range []string{
			"cordon/internal/telemetry", "cordon/internal/cli", "go.opentelemetry.io/", "github.com/prometheus/", "google.golang.org/",
			"modernc.org/sqlite", "github.com/spf13/cobra",
		} {
			if strings.HasPrefix(dep, no) {
				t.Errorf("it links %s", dep)
			}
		}
	}
}

// TestTelemetryLetsTheLinkerPrune: with the tag that the Makefile builds with, nothing of telemetry executes templates, which
// would keep every method of every package in the binary.
func TestTelemetryLetsTheLinkerPrune(t *testing.T) {
	out, err := exec.Command("go", "list", "-tags", "grpcnotrace", "-deps", "cordon/internal/telemetry").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "google.golang.org/grpc") {
		t.Fatal("these are not telemetry's packages, or the tag is not needed any more")
	}
	for _, no := range []string{"golang.org/x/net/trace", "html/template"} {
		if slices.Contains(deps, no) {
			t.Errorf("it links %s", no)
		}
	}
}
