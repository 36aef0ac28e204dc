package actions

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

const screenshotName = "screenshot.jpg"

// evidenceState says whether the case has a piece of evidence; SHA256 is its hash in hex, "" while it is missing.
type evidenceState struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256,omitempty"`
}

func screenshot() action.Action {
	return action.New(action.Spec[instanceRequest, evidenceState]{
		ID:      "ec2.screenshot",
		Summary: "Takes a picture of the instance's console into evidence.",
		Details: "EC2 gives a JPG of a running instance; not of bare metal, Arm and some GPU instances. The host does not " +
			"notice, and a dark screen is not woken up.",
		Permissions:  []string{"ec2:DescribeInstances", "ec2:GetConsoleScreenshot"},
		Irreversible: "the picture is evidence",
		Observe:      observeScreenshot,
		Expect: func(_ instanceRequest, prior evidenceState) evidenceState {
			return expectEvidence(prior, "the picture that EC2 takes")
		},
		Do:     takeScreenshot,
		Verify: func(_ instanceRequest, _, after evidenceState) error { return verifyEvidence(after) },
	})
}

func observeScreenshot(ctx context.Context, env *action.Env, t instanceRequest, known *evidenceState) (evidenceState, error) {
	p, err := readEvidence(ctx, env, screenshotName)
	if err != nil || p.SHA256 != "" || known != nil {
		return p, err
	}
	i, err := describeInstance(ctx, env, t.Target.ID)
	if err != nil {
		return p, err
	}
	_, size, _ := strings.Cut(string(i.InstanceType), ".")
	switch {
	case i.Architecture == ec2types.ArchitectureValuesArm64:
		return p, action.Skipf("%s is an Arm instance: EC2 takes no picture of it", t.Target.ID)
	case strings.HasPrefix(size, "metal"):
		return p, action.Skipf("%s is bare metal: EC2 takes no picture of it", t.Target.ID)
	case !running(i):
		return p, action.Skipf("%s is not running", t.Target.ID)
	}
	return p, nil
}

func takeScreenshot(ctx context.Context, env *action.Env, t instanceRequest, _ evidenceState) error {
	if have, err := readEvidence(ctx, env, screenshotName); err != nil || have.SHA256 != "" {
		return err
	}
	out, err := env.EC2.GetConsoleScreenshot(ctx, &ec2.GetConsoleScreenshotInput{InstanceId: &t.Target.ID})
	switch {
	case cloud.Is(err, "UnsupportedOperation", "Unsupported", "UnsupportedInstanceType"):
		return action.Skipf("EC2 takes no picture of this type of instance")
	case cloud.Is(err, "IncorrectInstanceState", "IncorrectState"):
		return action.Skipf("%s is not running", t.Target.ID)
	case err != nil:
		return instanceError("take a picture of", t.Target.ID, err)
	}
	picture, err := base64.StdEncoding.DecodeString(aws.ToString(out.ImageData))
	if err != nil {
		return fmt.Errorf("decode the picture of instance %s: %w", t.Target.ID, err)
	}
	_, err = env.Evidence.Put(ctx, screenshotName, picture)
	return wrap("store", screenshotName, err)
}
