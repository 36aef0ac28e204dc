package actions_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"cordon/internal/action"
	"cordon/internal/action/actiontest"
	"cordon/internal/awssim"
)

// giveProfile has someone give the target another profile, whatever it has.
func giveProfile(name string) func(testing.TB, *actiontest.World) {
	return func(t testing.TB, w *actiontest.World) {
		have, err := w.Others.EC2.DescribeIamInstanceProfileAssociations(t.Context(), &ec2.DescribeIamInstanceProfileAssociationsInput{
			Filters: []ec2types.Filter{{Name: aws.String("instance-id"), Values: []string{w.Target.ID}}},
		})
		ok(t, err)
		for _, a := range have.IamInstanceProfileAssociations {
			_, err := w.Others.EC2.DisassociateIamInstanceProfile(t.Context(), &ec2.DisassociateIamInstanceProfileInput{AssociationId: a.AssociationId})
			ok(t, err)
		}
		_, err = w.Others.EC2.AssociateIamInstanceProfile(t.Context(), &ec2.AssociateIamInstanceProfileInput{
			InstanceId: &w.Target.ID, IamInstanceProfile: &ec2types.IamInstanceProfileSpecification{Name: &name},
		})
		ok(t, err)
	}
}

// terminate ends an instance.
func terminate(id string) func(testing.TB, *actiontest.World) {
	return func(t testing.TB, w *actiontest.World) {
		_, err := w.Others.EC2.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{id}})
		ok(t, err)
	}
}

// liveResult wants the output in evidence, with a result that names its source.
func liveResult(source, text string, cut bool) func(testing.TB, *actiontest.World, action.Record) {
	return func(t testing.TB, w *actiontest.World, _ action.Record) {
		var r struct {
			Source string
			Cut    bool
			Output map[string]action.Artifact
		}
		ok(t, json.Unmarshal(w.Evidence.Get("live-response/result.json"), &r))
		out := string(w.Evidence.Get("live-response/stdout.txt"))
		if r.Source != source || r.Cut != cut || !strings.Contains(out, text) || (len(out) > 0 && r.Output["stdout.txt"].Bytes != int64(len(out))) {
			t.Errorf("result %+v, %d bytes of output", r, len(out))
		}
	}
}

// sections wants the named sections of metadata.json to be from source.
func sections(source string, names ...string) func(testing.TB, *actiontest.World, action.Record) {
	return func(t testing.TB, w *actiontest.World, _ action.Record) {
		var doc struct {
			Sections map[string]struct {
				Source string
				At     time.Time
				Data   any
			}
		}
		ok(t, json.Unmarshal(w.Evidence.Get("metadata.json"), &doc))
		for _, name := range names {
			if s := doc.Sections[name]; s.Source != source || s.At.IsZero() || s.Data == nil {
				t.Errorf("section %s: source %q, at %s, data %v", name, s.Source, s.At, s.Data)
			}
		}
		if got := string(w.Evidence.Get("user-data.bin")); got != "#!/bin/sh\nexec /opt/shop/start\n" {
			t.Errorf("user-data.bin: %q", got)
		}
		if len(w.Evidence.Get("console-output.txt")) == 0 {
			t.Error("no console-output.txt")
		}
	}
}

// snapshotsComplete wants n complete snapshots of the case, one of them tagged with the device.
func snapshotsComplete(n int, device string) func(testing.TB, *actiontest.World, action.Record) {
	return func(t testing.TB, w *actiontest.World, _ action.Record) {
		out, err := w.Others.EC2.DescribeSnapshots(t.Context(), &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}})
		ok(t, err)
		tagged := 0
		for _, s := range out.Snapshots {
			if s.State != "completed" {
				t.Errorf("%s is %s", *s.SnapshotId, s.State)
			}
			for _, tag := range s.Tags {
				if *tag.Key == "cordon:device" && *tag.Value == device {
					tagged++
				}
			}
		}
		if len(out.Snapshots) != n || tagged != 1 {
			t.Errorf("%d snapshots, %d of %s", len(out.Snapshots), tagged, device)
		}
	}
}

// terminateOnShutdown makes the shutdown behavior of the target something to change.
func terminateOnShutdown(t testing.TB, w *actiontest.World) {
	_, err := w.Others.EC2.ModifyInstanceAttribute(t.Context(), &ec2.ModifyInstanceAttributeInput{
		InstanceId: &w.Target.ID, Attribute: "instanceInitiatedShutdownBehavior", Value: aws.String("terminate"),
	})
	ok(t, err)
}

// spotInstance adds a Spot instance and makes it the target.
func spotInstance(t testing.TB, w *actiontest.World) {
	w.Target.ID = spot
	ok(t, w.Account.Edit(awssim.DemoRegion, func(ed *awssim.Editor) error {
		return ed.Instance(awssim.InstanceSpec{ID: spot, Spot: true, Interfaces: []awssim.InterfaceSpec{
			{ID: "eni-0a1b2c3d4e5f600aa", Subnet: "subnet-0a1b2c3d4e5f60001", Groups: []string{"sg-0a1b2c3d4e5f60001"}},
		}})
	}))
}

// refuse lets every call of an operation fail with a code.
func refuse(operation, code string) func(awssim.Call) awssim.Fault {
	return func(c awssim.Call) awssim.Fault {
		if c.Operation == operation {
			return awssim.Fault{Before: apiError(code)}
		}
		return awssim.Fault{}
	}
}

func apiError(code string) error {
	return &smithy.GenericAPIError{Code: code, Message: "refused by the test", Fault: smithy.FaultClient}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
