package actions

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/action"
)

func protectTermination() action.Action {
	return action.New(action.Spec[instanceRequest, attributeState]{
		ID:      "ec2.protect-termination",
		Summary: "Turns on termination protection, so that nobody deletes the evidence by mistake.",
		Details: "It refuses TerminateInstances only. Auto Scaling (see ec2.detach-asg), Spot interruption and a shutdown " +
			"from inside (see ec2.set-shutdown-behavior) are not held up by it. EC2 has it for no Spot instance. " +
			"Release sets it to what it was.",
		Permissions: attributePermissions(),
		Observe:     observeTermination,
		Expect:      func(instanceRequest, attributeState) attributeState { return attributeState{Enabled: true} },
		Do: func(ctx context.Context, env *action.Env, t instanceRequest, _ attributeState) error {
			return modifyAttribute(ctx, env, terminationInput(t, true))
		},
		Undo: func(ctx context.Context, env *action.Env, t instanceRequest, prior attributeState) error {
			return modifyAttribute(ctx, env, terminationInput(t, prior.Enabled))
		},
	})
}

func observeTermination(ctx context.Context, env *action.Env, t instanceRequest, _ *attributeState) (attributeState, error) {
	i, out, err := readAttribute(ctx, env, t.Target.ID, ec2types.InstanceAttributeNameDisableApiTermination)
	if err != nil {
		return attributeState{}, err
	}
	if isSpot(i) {
		return attributeState{}, action.Skipf("%s is a Spot instance: EC2 has no termination protection for it", t.Target.ID)
	}
	return attributeState{Enabled: isOn(out.DisableApiTermination)}, nil
}

func terminationInput(t instanceRequest, on bool) *ec2.ModifyInstanceAttributeInput {
	return &ec2.ModifyInstanceAttributeInput{InstanceId: &t.Target.ID, DisableApiTermination: boolValue(on)}
}
