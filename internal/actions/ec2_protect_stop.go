package actions

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/action"
)

func protectStop() action.Action {
	return action.New(action.Spec[instanceRequest, attributeState]{
		ID:      "ec2.protect-stop",
		Summary: "Turns on stop protection, so that nobody loses the memory of the running host by mistake.",
		Details: "It refuses StopInstances and, as a stop comes first, TerminateInstances. EC2 has it for no Spot instance " +
			"and for no instance whose root device is an instance store. Release sets it to what it was.",
		Permissions: attributePermissions(),
		Observe:     observeStop,
		Expect:      func(instanceRequest, attributeState) attributeState { return attributeState{Enabled: true} },
		Do: func(ctx context.Context, env *action.Env, t instanceRequest, _ attributeState) error {
			return modifyAttribute(ctx, env, stopInput(t, true))
		},
		Undo: func(ctx context.Context, env *action.Env, t instanceRequest, prior attributeState) error {
			return modifyAttribute(ctx, env, stopInput(t, prior.Enabled))
		},
	})
}

func observeStop(ctx context.Context, env *action.Env, t instanceRequest, _ *attributeState) (attributeState, error) {
	i, out, err := readAttribute(ctx, env, t.Target.ID, ec2types.InstanceAttributeNameDisableApiStop)
	switch {
	case err != nil:
		return attributeState{}, err
	case isSpot(i):
		return attributeState{}, action.Skipf("%s is a Spot instance: EC2 has no stop protection for it", t.Target.ID)
	case i.RootDeviceType == ec2types.DeviceTypeInstanceStore:
		return attributeState{}, action.Skipf("%s has an instance store as its root device: it cannot be stopped", t.Target.ID)
	}
	return attributeState{Enabled: isOn(out.DisableApiStop)}, nil
}

func stopInput(t instanceRequest, on bool) *ec2.ModifyInstanceAttributeInput {
	return &ec2.ModifyInstanceAttributeInput{InstanceId: &t.Target.ID, DisableApiStop: boolValue(on)}
}
