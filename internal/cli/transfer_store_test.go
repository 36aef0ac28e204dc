package cli_test

import (
	"path/filepath"
	"testing"

	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"cordon/internal/awssim"
	"cordon/internal/casefile/dynamodb"
)

// TestStoreMoves: the cases of SQLite go into a DynamoDB table and back, and nothing is another; the case is then released
// from the table.
func TestStoreMoves(t *testing.T) {
	a := answer(t)
	account, _, err := awssim.Open(a.dir, awssim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := awsdynamodb.NewFromConfig(account.Config("us-east-1")).CreateTable(t.Context(), dynamodb.CreateTableInput("cordon")); err != nil {
		t.Fatal(err)
	}
	table, back := filepath.Join(a.dir, "table.yaml"), filepath.Join(a.dir, "back.yaml")
	write(t, table, "store: dynamodb://cordon\nvault: s3://cordon-evidence-111122223333/cordon\n")
	write(t, back, "store: sqlite://"+a.dir+"/back.db\n")
	with := func(args ...string) []string { return append([]string{"--sandbox", a.dir, "-q"}, args...) }
	one, two, three := filepath.Join(a.dir, "1"), filepath.Join(a.dir, "2"), filepath.Join(a.dir, "3")
	cordon(t, 0, with("cases", "export", "-O", one)...)
	for _, move := range []struct{ conf, from, to string }{{table, one, two}, {back, two, three}} {
		cordon(t, 0, with("--config", move.conf, "cases", "import", move.from)...)
		cordon(t, 0, with("--config", move.conf, "cases", "import", move.from)...)
		cordon(t, 0, with("--config", move.conf, "cases", "export", "-O", move.to)...)
		if got := cases(string(cordon(t, 0, with("--config", move.conf, "cases", "export")...))); got != a.exported {
			t.Errorf("the export of %s:\n%s\nwant\n%s", move.conf, got, a.exported)
		}
	}
	cordon(t, 0, with("--config", table, "release", a.id)...)
}
