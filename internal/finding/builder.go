package finding

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Limits on what one finding may name; real ones stay far below.
const (
	maxTargets = 1000
	maxNotes   = 50
)

// builder fills in a Finding, whatever shape it is read from.
type builder struct {
	Finding
	named     int // resources that add was given, good or not
	generated int // those of them that AWS made up for a sample
}

func (b *builder) note(format string, args ...any) {
	if len(b.Notes) < maxNotes {
		b.Notes = append(b.Notes, fmt.Sprintf(format, args...))
	}
}

// head settles what every finding must have: id, type, account, Region, partition. The document
// decides; the finding's ARN and then the event's envelope fill in what it lacks.
func (b *builder) head(doc value, partition string, event *envelope) *NotFindingError {
	own := parseARN(b.ARN)
	raw := doc
	fill := func(field *string, what, fromARN, fromEvent string) {
		switch {
		case *field != "":
		case fromARN != "":
			*field = fromARN
			b.note("%s taken from the ARN", what)
		case fromEvent != "":
			*field = fromEvent
			raw = event.raw
			b.note("%s taken from the event's envelope", what)
		}
	}
	if event == nil {
		event = &envelope{}
	}
	fill(&b.Account, "account", own.account, event.account)
	fill(&b.Region, "region", own.region, event.region)
	b.Raw = json.RawMessage(bytes.Clone(raw))

	switch {
	case b.ID == "":
		return reject("give the whole finding, as GuardDuty wrote it", "the finding has no id")
	case !isFindingID(b.ID):
		return reject("", "the finding's id %s is not one of GuardDuty's", clipped(b.ID))
	case b.Type == "":
		return reject(`such as "Recon:EC2/Portscan"`, "the finding %s has no type", b.ID)
	case len(b.Type) > 300 || strings.ContainsFunc(b.Type, func(r rune) bool { return r < ' ' }):
		return reject("", "the finding %s has the type %s, which is none", b.ID, clipped(b.Type))
	case b.Account == "":
		return reject("", "the finding %s names no account", b.ID)
	case !isAccount(b.Account):
		return reject("an account is 12 digits", "the finding %s names the account %s", b.ID, clipped(b.Account))
	case b.Region == "":
		return reject("", "the finding %s names no Region", b.ID)
	case !isRegion(b.Region):
		return reject("", "the finding %s names the Region %s, which is none", b.ID, clipped(b.Region))
	}
	b.oddities(own, partition, event)
	return nil
}

// oddities sets the partition and notes what does not agree.
func (b *builder) oddities(own arn, partition string, event *envelope) {
	b.Partition = partitionOf(b.Region)
	if partition != "" && partition != b.Partition {
		b.note("partition %s is not the Region's, which is %s", clipped(partition), b.Partition)
	}
	if event.source != "" && event.source != "aws.guardduty" {
		b.note("the event's source is %s, not aws.guardduty", clipped(event.source))
	}
	if own.account != "" && own.account != b.Account {
		b.note("the ARN is of account %s, the finding of %s", clipped(own.account), b.Account)
	}
	if own.region != "" && own.region != b.Region {
		b.note("the ARN is of Region %s, the finding of %s", clipped(own.region), b.Region)
	}
	if !wellFormedType(b.Type) {
		b.note("type %s is not written as Purpose:Resource/Threat", clipped(b.Type))
	}
}

// numbers sets severity and count, tolerating what is missing or out of range.
func (b *builder) numbers(severity, count value) {
	s, ok := severity.number()
	if !ok || s < 0 || s > 10 {
		b.note("severity %s is no number from 0 to 10", clipped(severity.text()))
		s = min(max(s, 0), 10)
	}
	b.Severity = s
	b.Count = 1
	if n, ok := count.number(); ok && n >= 1 && n <= 1<<31 {
		b.Count = int(n)
	} else if count != nil {
		b.note("count %s is no positive number", clipped(count.text()))
	}
}

// add makes a resource of this account and Region a target, if its id has the right form.
func (b *builder) add(kind Kind, id string) { b.addIn(b.Account, b.Region, kind, id) }

func (b *builder) addIn(account, region string, kind Kind, id string) {
	b.named++
	if isGenerated(kind, id) {
		b.generated++
	}
	switch {
	case id == "":
		b.note("the %s has no id", kind)
		return
	case !validID(kind, id):
		b.note("%s is not the id of an %s", clipped(id), kind)
		return
	case len(b.Targets) == maxTargets:
		b.note("only the first %d targets are taken", maxTargets)
		return
	}
	if kind.Global() {
		region = globalRegion(partitionOf(region))
	}
	t := Target{Account: account, Region: region, Kind: kind, ID: id}
	if !slices.Contains(b.Targets, t) {
		b.Targets = append(b.Targets, t)
	}
}

// remote adds an address at the other end, if it is one.
func (b *builder) remote(text string) {
	if text == "" || len(b.RemoteIPs) == maxTargets {
		return
	}
	ip, err := netip.ParseAddr(text)
	if err != nil || ip.Zone() != "" {
		b.note("the remote address %s is none", clipped(text))
		return
	}
	if ip.IsUnspecified() { // 0.0.0.0 stands for "not known"
		return
	}
	if s := ip.Unmap().String(); !slices.Contains(b.RemoteIPs, s) {
		b.RemoteIPs = append(b.RemoteIPs, s)
	}
}

// time reads a time, and notes one that cannot be read.
func (b *builder) time(v value, what string) time.Time {
	t, ok := parseTime(v)
	if !ok && v.text() != "" {
		b.note("%s %s is no time", what, clipped(v.text()))
	}
	return t
}

// done settles the primary kind and whether the finding is a sample.
func (b *builder) done() *Finding {
	if b.Kind != KindAttackSequence && len(b.Targets) > 0 {
		b.Kind = b.Targets[0].Kind
	}
	if !b.Sample && b.named > 0 && b.generated == b.named {
		b.sample("the resource is one that AWS makes up for samples")
	}
	return &b.Finding
}
