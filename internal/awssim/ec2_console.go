package awssim

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func registerConsole(r registry) {
	ec2Read(r, getConsoleScreenshot)
	ec2Read(r, getConsoleOutput)
}

func getConsoleScreenshot(x *request, in *ec2.GetConsoleScreenshotInput) (*ec2.GetConsoleScreenshotOutput, error) {
	i, err := find(x.ec2().Instances, kindInstance(), aws.ToString(in.InstanceId))
	if err != nil {
		return nil, err
	}
	if !screenshots(i) {
		return nil, apiError(400, "UnsupportedOperation", "This instance type does not support the GetConsoleScreenshot operation.")
	}
	if i.State.Name != ec2types.InstanceStateNameRunning {
		return nil, wrongState(i, "running")
	}
	return &ec2.GetConsoleScreenshotOutput{InstanceId: aws.String(*i.InstanceId), ImageData: aws.String(base64.StdEncoding.EncodeToString(screen()))}, nil
}

// screenshots says whether AWS can take one: not on Arm, bare metal or NVIDIA GPU instances (EC2 user guide,
// "Capture a screenshot of an unreachable instance").
func screenshots(i *instance) bool {
	family, size, _ := strings.Cut(string(i.InstanceType), ".")
	gpu := len(family) > 1 && (family[0] == 'p' || family[0] == 'g') && '0' <= family[1] && family[1] <= '9'
	return i.Architecture != ec2types.ArchitectureValuesArm64 && !strings.HasPrefix(size, "metal") && !gpu
}

// screen is a picture of an idle text console.
func screen() []byte {
	picture := image.NewGray(image.Rect(0, 0, 72, 40))
	for x := 4; x < 12; x++ {
		picture.SetGray(x, 34, color.Gray{Y: 200}) // the cursor
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, nil); err != nil {
		panic("awssim: " + err.Error()) // a buffer takes everything
	}
	return out.Bytes()
}

func getConsoleOutput(x *request, in *ec2.GetConsoleOutputInput) (*ec2.GetConsoleOutputOutput, error) {
	i, err := find(x.ec2().Instances, kindInstance(), aws.ToString(in.InstanceId))
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("[    0.000000] Linux version 6.1.0 (%s)\n[    1.207403] systemd[1]: Reached target Multi-User System.\n", *i.InstanceId)
	if i.Platform == platformWindows {
		text = "Windows is Ready to use\n"
	}
	return &ec2.GetConsoleOutputOutput{
		InstanceId: aws.String(*i.InstanceId), Timestamp: aws.Time(*i.LaunchTime), Output: aws.String(base64.StdEncoding.EncodeToString([]byte(text))),
	}, nil
}
