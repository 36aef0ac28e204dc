package awssim_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/awssim"
)

func TestDumpAfterIsolationAndRelease(t *testing.T) {
	ctx := t.Context()
	a, c := demo(t, awssim.Options{})
	before := a.Dump(awssim.DumpOptions{})
	_, closed := isolation(ctx, t, c)
	set := func(groups ...string) {
		must(c.ModifyNetworkInterfaceAttribute(ctx, &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: aws.String(eni1), Groups: groups}))(t)
	}
	profile := func() *types.IamInstanceProfileAssociation {
		return &must(c.DescribeIamInstanceProfileAssociations(ctx, &ec2.DescribeIamInstanceProfileAssociationsInput{
			Filters: []types.Filter{{Name: aws.String("instance-id"), Values: []string{web1}}},
		}))(t).IamInstanceProfileAssociations[0]
	}
	replace := func(name string) {
		must(c.ReplaceIamInstanceProfileAssociation(ctx, &ec2.ReplaceIamInstanceProfileAssociationInput{
			AssociationId: profile().AssociationId, IamInstanceProfile: &types.IamInstanceProfileSpecification{Name: &name},
		}))(t)
	}
	must(c.CreateSnapshots(ctx, &ec2.CreateSnapshotsInput{InstanceSpecification: &types.InstanceSpecification{InstanceId: aws.String(web1)}, CopyTagsFromSource: types.CopyTagsFromSourceVolume}))(t)
	set(closed)
	replace("cordon-quarantine")

	changed := awssim.Diff(before, a.Dump(awssim.DumpOptions{}))
	for _, want := range []string{
		"/Regions/us-east-1/EC2/Interfaces/" + eni1 + "/Groups: ",
		"/Regions/us-east-1/EC2/Profiles/" + web1 + "/Arn: ",
		"/Regions/us-east-1/EC2/Groups/" + closed + ": absent → ",
	} {
		if !slices.ContainsFunc(changed, func(d string) bool { return strings.HasPrefix(d, want) }) {
			t.Errorf("no difference begins with %q in\n%s", want, strings.Join(changed, "\n"))
		}
	}
	evidence := awssim.Diff(before, a.Dump(awssim.DumpOptions{Snapshots: true}))
	if !slices.ContainsFunc(evidence, func(d string) bool { return strings.Contains(d, "/EC2/Snapshots") }) {
		t.Error("DumpOptions.Snapshots shows no snapshots")
	}

	set(sgSSH, sgWeb) // another order than before
	replace("web-app")
	for _, g := range must(c.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: []types.Filter{{Name: aws.String("group-name"), Values: []string{"open", "closed"}}}}))(t).SecurityGroups {
		must(c.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: g.GroupId}))(t)
	}
	if left := awssim.Diff(before, a.Dump(awssim.DumpOptions{})); len(left) > 0 {
		t.Errorf("after release:\n%s", strings.Join(left, "\n"))
	}
}

func TestDumpIsTheSameForTheSameDemo(t *testing.T) {
	a, _ := demo(t, awssim.Options{})
	if d := awssim.Diff(a.Dump(awssim.DumpOptions{}), a.Dump(awssim.DumpOptions{})); len(d) > 0 {
		t.Errorf("one account differs from itself:\n%s", strings.Join(d, "\n"))
	}
}

func TestStateOutlivesTheProcess(t *testing.T) {
	dir := t.TempDir()
	first, created, err := awssim.Open(dir, awssim.Options{})
	if err != nil || !created {
		t.Fatalf("open: %v, created %t", err, created)
	}
	if err := awssim.Demo(first); err != nil {
		t.Fatal(err)
	}
	second, created, err := awssim.Open(dir, awssim.Options{})
	if err != nil || created {
		t.Fatalf("open again: %v, created %t", err, created)
	}
	all := awssim.DumpOptions{Snapshots: true, Objects: true, Commands: true}
	if d := awssim.Diff(first.Dump(all), second.Dump(all)); len(d) > 0 {
		t.Errorf("read back:\n%s", strings.Join(d, "\n"))
	}
	// What one process changes, the other sees at its next call.
	c1, c2 := ec2.NewFromConfig(first.Config(region)), ec2.NewFromConfig(second.Config(region))
	must(c2.CreateTags(t.Context(), &ec2.CreateTagsInput{Resources: []string{web1}, Tags: []types.Tag{{Key: aws.String("seen"), Value: aws.String("yes")}}}))(t)
	out := must(c1.DescribeTags(t.Context(), &ec2.DescribeTagsInput{Filters: []types.Filter{{Name: aws.String("key"), Values: []string{"seen"}}}}))(t)
	if len(out.Tags) != 1 {
		t.Error("the first process does not see the second one's tag")
	}
	if got, want := len(second.Flows(region)), len(first.Flows(region)); got != want || got == 0 {
		t.Errorf("%d flows read back, want %d", got, want)
	}
}

func TestDemoFlows(t *testing.T) {
	a, _ := demo(t, awssim.Options{})
	byENI := map[string]int{}
	for _, f := range a.Flows(region) {
		if !f.Alive {
			t.Errorf("flow %+v is not alive", f)
		}
		byENI[f.Interface]++
	}
	for _, eni := range []string{eni1, eniBatch, eniDB} {
		if byENI[eni] < 2 {
			t.Errorf("%s has %d flows, want 2 at least", eni, byENI[eni])
		}
	}
}

func TestEditUndoesWhatFails(t *testing.T) {
	a, _ := demo(t, awssim.Options{})
	before := a.Dump(awssim.DumpOptions{})
	err := a.Edit(region, func(ed *awssim.Editor) error {
		if err := ed.Group("sg-0d000000000000001", demoVPC, "new"); err != nil {
			return err
		}
		return ed.Interface(awssim.InterfaceSpec{ID: "eni-0d000000000000001", Subnet: "subnet-0d000000000000001"})
	})
	wantCode(t, err, "InvalidSubnetID.NotFound")
	if d := awssim.Diff(before, a.Dump(awssim.DumpOptions{})); len(d) > 0 {
		t.Errorf("left behind:\n%s", strings.Join(d, "\n"))
	}
}
