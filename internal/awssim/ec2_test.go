package awssim_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image/jpeg"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/awssim"
)

func TestDescribeInstanceShowsItsParts(t *testing.T) {
	_, c := demo(t, awssim.Options{})
	i := must(c.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{web1}}))(t).Reservations[0].Instances[0]
	if got := len(i.NetworkInterfaces); got != 2 {
		t.Errorf("%d interfaces, want 2", got)
	}
	if got := aws.ToString(i.PublicIpAddress) + " " + aws.ToString(i.Ipv6Address); got != "203.0.113.11 2600:1f18:0:1::10" {
		t.Errorf("addresses %s", got)
	}
	keep := map[string]bool{}
	for _, m := range i.BlockDeviceMappings {
		keep[*m.DeviceName] = !*m.Ebs.DeleteOnTermination
	}
	if want := map[string]bool{"/dev/xvda": false, "/dev/sdf": true, "/dev/sdg": false}; !reflect.DeepEqual(keep, want) {
		t.Errorf("volumes kept: %v, want %v", keep, want)
	}
	if got := aws.ToString(i.IamInstanceProfile.Arn); got != "arn:aws:iam::111122223333:instance-profile/web-app" {
		t.Errorf("profile %s", got)
	}
	*i.NetworkInterfaces[0].Groups[0].GroupId = "sg-changed"
	*i.Tags[0].Value = "changed"
	again := must(c.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{web1}}))(t).Reservations[0].Instances[0]
	if *again.NetworkInterfaces[0].Groups[0].GroupId == "sg-changed" || *again.Tags[0].Value == "changed" {
		t.Error("an answer shares memory with the state")
	}
}

func TestFilters(t *testing.T) {
	_, c := demo(t, awssim.Options{})
	for _, tc := range []struct {
		name   string
		values []string
		want   int
	}{
		{"instance-state-name", []string{"running"}, 5},
		{"instance-state-name", []string{"stopped"}, 0},
		{"tag:Name", []string{"web-*"}, 2},
		{"tag:Name", []string{"web-?", "db-1"}, 3},
		{"tag:Name", []string{`web-\*`}, 0},
		{"tag-key", []string{"cordon:note"}, 1},
		{"iam-instance-profile.arn", []string{"arn:aws:iam::111122223333:instance-profile/batch"}, 2},
		{"network-interface.group-id", []string{sgSSH}, 1},
		{"private-ip-address", []string{"10.20.1.10"}, 1},
		{"subnet-id", []string{demoPrivate}, 3},
		{"architecture", []string{"arm64"}, 1},
		{"platform", []string{"windows"}, 2},
	} {
		t.Run(fmt.Sprintf("%s=%v", tc.name, tc.values), func(t *testing.T) {
			out := must(c.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{Filters: []types.Filter{{Name: &tc.name, Values: tc.values}}}))(t)
			got := 0
			for _, r := range out.Reservations {
				got += len(r.Instances)
			}
			if got != tc.want {
				t.Errorf("%d instances, want %d", got, tc.want)
			}
		})
	}
}

func TestPages(t *testing.T) {
	ctx := t.Context()
	a := awssim.New(awssim.Options{})
	id, err := awssim.Large(a, awssim.LargeOptions{ENIs: 23, Volumes: 3, TargetGroups: 12, ClassicBalancers: 2})
	if err != nil {
		t.Fatal(err)
	}
	c := ec2.NewFromConfig(a.Config(region))
	seen, pages := map[string]bool{}, 0
	p := ec2.NewDescribeNetworkInterfacesPaginator(c, &ec2.DescribeNetworkInterfacesInput{
		MaxResults: aws.Int32(5), Filters: []types.Filter{{Name: aws.String("attachment.instance-id"), Values: []string{id}}},
	})
	for p.HasMorePages() {
		out := must(p.NextPage(ctx))(t)
		pages++
		for _, n := range out.NetworkInterfaces {
			if seen[*n.NetworkInterfaceId] {
				t.Errorf("%s comes twice", *n.NetworkInterfaceId)
			}
			seen[*n.NetworkInterfaceId] = true
		}
	}
	if len(seen) != 23 || pages != 5 {
		t.Errorf("%d interfaces on %d pages, want 23 on 5", len(seen), pages)
	}
}

func TestRunInstances(t *testing.T) {
	ctx := t.Context()
	fail := true
	a, _ := demo(t, awssim.Options{})
	faulty := awssim.New(awssim.Options{Fault: func(c awssim.Call) awssim.Fault {
		if c.Operation == "RunInstances" && fail {
			fail = false
			return awssim.Fault{After: awssim.Broken(c)}
		}
		return awssim.Fault{}
	}})
	if err := awssim.Demo(faulty); err != nil {
		t.Fatal(err)
	}
	in := &ec2.RunInstancesInput{
		ImageId: aws.String("ami-0a1b2c3d4e5f60001"), MinCount: aws.Int32(2), MaxCount: aws.Int32(2), InstanceType: types.InstanceTypeT3Micro,
		SubnetId: aws.String(demoPublic), SecurityGroupIds: []string{sgWeb}, Ipv6AddressCount: aws.Int32(1),
		IamInstanceProfile: &types.IamInstanceProfileSpecification{Name: aws.String("web-app")},
		TagSpecifications:  []types.TagSpecification{{ResourceType: types.ResourceTypeInstance, Tags: []types.Tag{{Key: aws.String("Name"), Value: aws.String("new")}}}},
	}
	for _, tc := range []struct {
		name string
		acct *awssim.Account
	}{{"once", a}, {"answer lost, retried with the same token", faulty}} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := tc.acct.Config(region)
			c := ec2.NewFromConfig(cfg)
			out := must(c.RunInstances(ctx, in))(t)
			if len(out.Instances) != 2 || out.Instances[0].State.Name == types.InstanceStateNameTerminated {
				t.Fatalf("launched %d", len(out.Instances))
			}
			w := ec2.NewInstanceRunningWaiter(c)
			if err := w.Wait(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{*out.Instances[0].InstanceId}}, time.Minute); err != nil {
				t.Fatal(err)
			}
			named := must(c.DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: []types.Filter{{Name: aws.String("tag:Name"), Values: []string{"new"}}}}))(t)
			if got := len(named.Reservations[0].Instances); got != 2 {
				t.Errorf("%d instances launched, want 2", got)
			}
			if i := named.Reservations[0].Instances[0]; len(i.BlockDeviceMappings) != 1 || i.Ipv6Address == nil || i.IamInstanceProfile == nil {
				t.Errorf("launched without volume, IPv6 address or profile: %v %v %v", i.BlockDeviceMappings, i.Ipv6Address, i.IamInstanceProfile)
			}
		})
	}
}

func TestTermination(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		a, c := demo(t, awssim.Options{TransitionTime: time.Minute})
		must(c.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{web1}}))(t)
		state := func() types.InstanceStateName {
			return must(c.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{web1}}))(t).Reservations[0].Instances[0].State.Name
		}
		if got := state(); got != types.InstanceStateNameShuttingDown {
			t.Errorf("state %s, want shutting-down", got)
		}
		time.Sleep(time.Minute)
		if got := state(); got != types.InstanceStateNameTerminated {
			t.Errorf("state %s, want terminated", got)
		}
		_, err := c.DescribeNetworkInterfaces(ctx, &ec2.DescribeNetworkInterfacesInput{NetworkInterfaceIds: []string{eni1}})
		wantCode(t, err, "InvalidNetworkInterfaceID.NotFound")
		left := must(c.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{Filters: []types.Filter{{Name: aws.String("status"), Values: []string{"available"}}}}))(t)
		if len(left.Volumes) != 1 || *left.Volumes[0].VolumeId != "vol-0a1b2c3d4e5f60002" {
			t.Errorf("%d volumes left, want the one that is kept", len(left.Volumes))
		}
		for _, f := range a.Flows(region) {
			if f.Interface == eni1 && f.Alive {
				t.Errorf("flow %s outlives its instance", f.ID)
			}
		}
		time.Sleep(2 * time.Hour)
		_, err = c.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{web1}})
		wantCode(t, err, "InvalidInstanceID.NotFound")
	})
}

func TestSnapshots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		_, c := demo(t, awssim.Options{SnapshotTime: time.Minute})
		out := must(c.CreateSnapshots(ctx, &ec2.CreateSnapshotsInput{
			InstanceSpecification: &types.InstanceSpecification{InstanceId: aws.String(web1)}, CopyTagsFromSource: types.CopyTagsFromSourceVolume,
			TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeSnapshot, Tags: []types.Tag{{Key: aws.String("case"), Value: aws.String("1")}}}},
		}))(t)
		if len(out.Snapshots) != 3 || out.Snapshots[0].State != types.SnapshotStatePending {
			t.Fatalf("made %d snapshots in state %s", len(out.Snapshots), out.Snapshots[0].State)
		}
		start := time.Now()
		err := ec2.NewSnapshotCompletedWaiter(c).Wait(ctx, &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}}, time.Hour)
		if took := time.Since(start); err != nil || took < time.Minute {
			t.Errorf("completed after %v (%v), want a minute at least", took, err)
		}
		tags := must(c.DescribeTags(ctx, &ec2.DescribeTagsInput{Filters: []types.Filter{{Name: aws.String("resource-type"), Values: []string{"snapshot"}}}}))(t)
		if got := len(tags.Tags); got != 5 { // three cases, two names of volumes
			t.Errorf("%d tags on snapshots, want 5", got)
		}
		some := must(c.CreateSnapshots(ctx, &ec2.CreateSnapshotsInput{InstanceSpecification: &types.InstanceSpecification{
			InstanceId: aws.String(web1), ExcludeBootVolume: aws.Bool(true), ExcludeDataVolumeIds: []string{"vol-0a1b2c3d4e5f60003"},
		}}))(t)
		if len(some.Snapshots) != 1 || *some.Snapshots[0].VolumeId != "vol-0a1b2c3d4e5f60002" {
			t.Errorf("with exclusions: %d snapshots", len(some.Snapshots))
		}
	})
}

func TestScreenshot(t *testing.T) {
	_, c := demo(t, awssim.Options{})
	out := must(c.GetConsoleScreenshot(t.Context(), &ec2.GetConsoleScreenshotInput{InstanceId: aws.String(web1)}))(t)
	raw, err := base64.StdEncoding.DecodeString(*out.ImageData)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jpeg.Decode(bytes.NewReader(raw)); err != nil {
		t.Error(err)
	}
}

func TestConcurrentCalls(t *testing.T) {
	ctx := t.Context()
	_, c := demo(t, awssim.Options{})
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for k := range 10 {
				key := fmt.Sprintf("k%d", (n*10+k)%20)
				if _, err := c.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{web1}, Tags: []types.Tag{{Key: &key, Value: aws.String("v")}}}); err != nil {
					t.Error(err)
				}
				if _, err := c.DescribeInstances(ctx, &ec2.DescribeInstancesInput{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	out := must(c.DescribeTags(ctx, &ec2.DescribeTagsInput{Filters: []types.Filter{{Name: aws.String("key"), Values: []string{"k*"}}}}))(t)
	if len(out.Tags) != 20 {
		t.Errorf("%d tags, want 20", len(out.Tags))
	}
}
