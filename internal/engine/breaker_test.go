package engine_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/finding"
	"cordon/internal/notify"
)

// fleet makes n instances of one application.
func fleet(t *testing.T, a *awssim.Account, n int) (ids []string) {
	t.Helper()
	const vpc, subnet, group = "vpc-0f000000000000001", "subnet-0f000000000000001", "sg-0f000000000000001"
	err := a.Edit(region, func(ed *awssim.Editor) error {
		for _, err := range []error{ed.VPC(vpc, "10.99.0.0/16", false), ed.Subnet(subnet, vpc, "10.99.0.0/18", region+"a", 0), ed.Group(group, vpc, "fleet")} {
			if err != nil {
				return err
			}
		}
		for i := range n {
			id := fmt.Sprintf("i-0f%015x", i+1)
			if err := ed.Instance(awssim.InstanceSpec{
				ID: id, Interfaces: []awssim.InterfaceSpec{{ID: fmt.Sprintf("eni-0f%015x", i+1), Subnet: subnet, Groups: []string{group}}},
				Volumes: []awssim.VolumeSpec{{ID: fmt.Sprintf("vol-0f%015x", i+1), Device: "/dev/xvda"}},
			}); err != nil {
				return err
			}
			ed.Tag(id, "application", "shop")
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// TestStorm: 500 findings on 200 instances of one application, answered by 8 workers at once. The breaker holds at exactly its
// number; the rest waits for a person, unchanged; people are told of that once.
func TestStorm(t *testing.T) {
	const instances, findings, workers, most = 200, 500, 8, 20
	r := newRig(t, awssim.Options{SnapshotTime: 1}, config.EC2{CutEstablished: true})
	conf := config.Default(t.TempDir())
	conf, err := config.Parse("test", []byte(fmt.Sprintf("policy: {limits: {window: 1h, application: %d}}", most)), conf)
	if err != nil {
		t.Fatal(err)
	}
	ids := fleet(t, r.account, instances)
	channel := &post{id: "notify.sns"}
	r.conf, r.channels = conf, []notify.Channel{channel}
	var storm []finding.Finding
	for i := range findings {
		f := on(ids[i%instances], i/instances+1)
		storm = append(storm, f)
	}
	next := make(chan finding.Finding)
	var wg sync.WaitGroup
	for range workers {
		e := r.engine(r.vault) // as a process of its own
		wg.Go(func() {
			for f := range next {
				if res := e.Respond(t.Context(), []finding.Finding{f}); res[0].Err != nil {
					t.Error(res[0].Err)
				}
			}
		})
	}
	for _, f := range storm {
		next <- f
	}
	close(next)
	wg.Wait()

	count := map[casefile.Status]int{}
	cases, err := r.store.Cases(t.Context(), casefile.Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		count[c.Status]++
		isolated := isolatedBy(t, r, c)
		if isolated != (c.Status == casefile.Contained) {
			t.Errorf("case of %s is %s, isolated %v", c.Target.ID, c.Status, isolated)
		}
		if c.Status == casefile.Contained && !engine.Whole(c) {
			t.Errorf("case of %s did not end whole: unanswered %v", c.Target.ID, c.Unanswered)
		}
	}
	if count[casefile.Contained] != most || count[casefile.AwaitingApproval] != instances-most || len(cases) != instances {
		t.Errorf("%v of %d cases; want exactly %d contained and the rest awaiting approval", count, len(cases), most)
	}
	asked := 0
	for _, n := range channel.sent {
		if n.Event == notify.EventAwaitingApproval {
			asked++
		}
	}
	if asked != 1 {
		t.Errorf("%d notices of waiting cases, want 1", asked)
	}
}

// isolatedBy says whether the instance's one interface is in a group of the case's alone.
func isolatedBy(t *testing.T, r *rig, c casefile.Case) bool {
	t.Helper()
	out, err := r.clients().EC2.DescribeNetworkInterfaces(t.Context(), &ec2.DescribeNetworkInterfacesInput{
		Filters: []ec2types.Filter{{Name: aws.String("attachment.instance-id"), Values: []string{c.Target.ID}}},
	})
	if err != nil || len(out.NetworkInterfaces) != 1 {
		t.Fatalf("interfaces of %s: %d, %v", c.Target.ID, len(out.NetworkInterfaces), err)
	}
	groups := out.NetworkInterfaces[0].Groups
	return len(groups) == 1 && strings.Contains(aws.ToString(groups[0].GroupName), c.ID)
}
