package actions

import (
	"context"
	"fmt"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/action"
)

// volumesState is the attached EBS volumes by id.
type volumesState struct {
	Volumes map[string]volumeState `json:"volumes"`
}

type volumeState struct {
	Device              string `json:"device"`
	DeleteOnTermination bool   `json:"delete_on_termination"`
}

func preserveVolumes() action.Action {
	return action.New(action.Spec[instanceRequest, volumesState]{
		ID:      "ec2.preserve-volumes",
		Summary: "Keeps every attached volume when the instance is terminated.",
		Details: "DeleteOnTermination is turned off for each attached EBS volume; whatever ends the instance, its disks " +
			"stay. An instance store cannot be kept. Release sets each volume that is still attached to what it was.",
		Permissions: []string{"ec2:DescribeInstances", "ec2:ModifyInstanceAttribute"},
		Observe:     observeVolumes,
		Expect:      preservedVolumes,
		Do: func(ctx context.Context, env *action.Env, t instanceRequest, prior volumesState) error {
			return modifyVolumes(ctx, env, t, preservedVolumes(t, prior))
		},
		Undo:   modifyVolumes,
		Verify: verifyVolumes,
		Parts:  func(p volumesState) map[string]any { return asParts(p.Volumes) },
		Without: func(p volumesState, parts map[string]bool) volumesState {
			return volumesState{Volumes: without(p.Volumes, parts)}
		},
		Extend: func(prior, now volumesState) volumesState {
			all := maps.Clone(now.Volumes)
			maps.Copy(all, prior.Volumes)
			return volumesState{Volumes: all}
		},
	})
}

func observeVolumes(ctx context.Context, env *action.Env, t instanceRequest, known *volumesState) (volumesState, error) {
	i, err := describeInstance(ctx, env, t.Target.ID)
	if err != nil {
		return volumesState{}, err
	}
	p := volumesState{Volumes: map[string]volumeState{}}
	for _, m := range i.BlockDeviceMappings {
		if m.Ebs != nil && m.Ebs.VolumeId != nil {
			p.Volumes[*m.Ebs.VolumeId] = volumeState{
				Device: aws.ToString(m.DeviceName), DeleteOnTermination: aws.ToBool(m.Ebs.DeleteOnTermination),
			}
		}
	}
	if known == nil && len(p.Volumes) == 0 {
		return p, action.Skipf("%s has no EBS volume attached", t.Target.ID)
	}
	return p, nil
}

func preservedVolumes(_ instanceRequest, prior volumesState) volumesState {
	want := volumesState{Volumes: map[string]volumeState{}}
	for id, v := range prior.Volumes {
		want.Volumes[id] = volumeState{Device: v.Device}
	}
	return want
}

// modifyVolumes sets DeleteOnTermination of those of the volumes that are still attached where they were, in one call.
func modifyVolumes(ctx context.Context, env *action.Env, t instanceRequest, want volumesState) error {
	now, err := observeVolumes(ctx, env, t, &want)
	if err != nil {
		return err
	}
	in := &ec2.ModifyInstanceAttributeInput{InstanceId: &t.Target.ID}
	for _, id := range sortedKeys(want.Volumes) {
		w, n := want.Volumes[id], now.Volumes[id]
		if n.Device == w.Device && n.DeleteOnTermination != w.DeleteOnTermination {
			in.BlockDeviceMappings = append(in.BlockDeviceMappings, ec2types.InstanceBlockDeviceMappingSpecification{
				DeviceName: &w.Device,
				Ebs:        &ec2types.EbsInstanceBlockDeviceSpecification{DeleteOnTermination: &w.DeleteOnTermination},
			})
		}
	}
	if len(in.BlockDeviceMappings) == 0 {
		return nil
	}
	return modifyAttribute(ctx, env, in)
}

// verifyVolumes wants no attached volume that would go with the instance. One detached meanwhile is no concern.
func verifyVolumes(_ instanceRequest, prior, after volumesState) error {
	for _, id := range sortedKeys(after.Volumes) {
		if !after.Volumes[id].DeleteOnTermination {
			continue
		}
		if _, known := prior.Volumes[id]; !known {
			return &action.Drifted{What: "volume " + id + " was attached"}
		}
		return fmt.Errorf("volume %s would still be deleted with the instance", id)
	}
	return nil
}
