package killtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"cordon/examples"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/casefile/sqlite"
)

// findings are what every box is about: three instances, a user, a role, a bucket.
var findings = []string{"ec2-cryptomining", "ec2-c2", "ec2-dns-exfiltration", "iam-user", "iam-role", "s3-public"}

const settings = `
ec2:
  quarantine_profile: arn:aws:iam::111122223333:instance-profile/cordon-quarantine
  live_response: {channel: https, seconds: 15}
notify:
  slack: {webhook: env:SLACK_WEBHOOK}
  jira: {url: %s, project: SEC, token: env:JIRA_TOKEN, api: "2"}
`

// asking has people asked about everything; in a sandbox all are one person.
const asking = `
policy:
  rules: [{name: ask, match: {}, then: approve}]
  approval: {self: true}
`

// box is a sandbox directory, the offices that its processes write to, and what those have said.
type box struct {
	*testing.T
	hunt    *hunt
	dir     string
	rng     *rand.Rand
	office  *office
	before  map[string]any // the account as nobody has touched it
	printed map[string]bool
	kills   int
	started atomic.Int64
}

func (h *hunt) newBox(t *testing.T, seed uint64, config string) *box {
	t.Helper()
	b := &box{T: t, hunt: h, dir: t.TempDir(), rng: rand.New(rand.NewPCG(seed, 0)), office: newOffice(t), printed: map[string]bool{}}
	b.write("cordon.yaml", []byte(fmt.Sprintf(settings, b.office.url)+config))
	all := []byte{}
	for _, name := range findings {
		raw, err := examples.Findings.ReadFile("findings/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var line bytes.Buffer
		if err := json.Compact(&line, raw); err != nil {
			t.Fatal(err)
		}
		all = append(append(all, line.Bytes()...), '\n')
	}
	b.write("all.jsonl", all)
	if err := os.CopyFS(b.sandbox(), os.DirFS(h.template)); err != nil {
		t.Fatal(err)
	}
	b.before = b.account().Dump(awssim.DumpOptions{})
	return b
}

func (b *box) write(name string, content []byte) {
	if err := os.WriteFile(filepath.Join(b.dir, name), content, 0o600); err != nil {
		b.Fatal(err)
	}
}

// some writes a file with some of the findings, in any order.
func (b *box) some() string {
	raw, err := os.ReadFile(filepath.Join(b.dir, "all.jsonl"))
	if err != nil {
		b.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	b.rng.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	name := fmt.Sprintf("some-%d.jsonl", b.rng.Uint32())
	b.write(name, []byte(strings.Join(lines[:2+b.rng.IntN(len(lines)-1)], "\n")))
	return name
}

func (b *box) sandbox() string { return filepath.Join(b.dir, "box") }

// command is the built binary on the box, under a name by which the offices know it.
func (b *box) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(b.Context(), b.hunt.binary, append([]string{"--sandbox", "box", "--config", "cordon.yaml"}, args...)...)
	cmd.Dir = b.dir
	cmd.Env = []string{
		"HOME=" + b.dir, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + b.dir, "GORACE=atexit_sleep_ms=0 halt_on_error=1 exitcode=66",
		"SLACK_WEBHOOK=" + b.office.url + "/services/hook/" + name, "JIRA_TOKEN=" + name,
	}
	return cmd
}

// account opens the simulated account, as another process would.
func (b *box) account() *awssim.Account {
	a, _, err := awssim.Open(b.sandbox(), awssim.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return a
}

// store opens the case store, as another process would. The caller closes it.
func (b *box) store() casefile.Store {
	s, err := sqlite.Open(b.Context(), b.database())
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func (b *box) database() string { return filepath.Join(b.sandbox(), "cordon.db") }

func (b *box) cases() []casefile.Case {
	s := b.store()
	defer s.Close()
	cases, err := s.Cases(b.Context(), casefile.Filter{})
	if err != nil {
		b.Fatal(err)
	}
	slices.SortFunc(cases, func(x, y casefile.Case) int { return strings.Compare(x.Target.ID, y.Target.ID) })
	return cases
}

// names gives what each run draws anew a name that lasts: a case that of its target, a group its own, a snapshot that of its
// volume. Two of one name are an error: it was made twice.
func (b *box) names() *strings.Replacer {
	var pairs []string
	taken := map[string]string{}
	name := func(id, lasting string) {
		if other, twice := taken[lasting]; twice {
			b.Errorf("%s was made twice: %s and %s", lasting, other, id)
		}
		taken[lasting] = id
		pairs = append(pairs, id, lasting)
	}
	cases := b.cases()
	var ids []string
	for _, c := range cases {
		name(c.ID, "case of "+c.Target.ID)
		ids = append(ids, c.ID, "case of "+c.Target.ID)
	}
	byCase := strings.NewReplacer(ids...)
	ec2 := within(b.account().Dump(awssim.DumpOptions{Snapshots: true}), "Regions", awssim.DemoRegion, "EC2")
	before := within(b.before, "Regions", awssim.DemoRegion, "EC2")
	groups, ours := within(ec2, "Groups"), within(before, "Groups")
	for _, id := range slices.Sorted(maps.Keys(groups)) {
		if _, was := ours[id]; !was {
			name(id, byCase.Replace(fmt.Sprint("group ", within(groups, id)["Name"], " in ", within(groups, id)["VPC"])))
		}
	}
	snapshots := within(ec2, "Snapshots")
	for _, id := range slices.Sorted(maps.Keys(snapshots)) {
		name(id, fmt.Sprint("snapshot of ", within(snapshots, id)["VolumeId"]))
	}
	return strings.NewReplacer(pairs...)
}

// within follows keys into nested maps; what is not there is empty.
func within(m map[string]any, keys ...string) map[string]any {
	for _, k := range keys {
		m, _ = m[k].(map[string]any)
	}
	return m
}
